"""Records what EPANET itself says about the networks of this folder.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install owa-epanet==2.3.5 wntr==1.5.0
    /tmp/venv/bin/python tests/data/parity/record.py

EPANET (owa-epanet) steps each file by its own clock, hydraulics and quality in lock step. The
values go to SI by wntr's conversions, so that Sanmen's own are checked against somebody else's.
One line a reporting step: {"time_s": …, "nodes": {ID: [head m, pressure m, demand m3/s, quality]},
"links": {ID: [flow m3/s, status 0 closed, 1 open, 2 active]}}, ten significant digits.
"""

import json
import os
import tempfile
import warnings

from epanet import toolkit as en
from wntr.epanet.util import FlowUnits, HydParam

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = ["CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD"]
# Name, and seconds between the steps that are kept (a week of Net3 is much of the same).
NETWORKS = {"Net1": 1, "Net2": 1, "Net3": 6 * 3600, "kinds-si": 1, "kinds-us": 1}


def rounded(value):
    return float(f"{value:.10g}")


def lines(path, folder):
    project = en.createproject()
    en.open(project, path, os.path.join(folder, "report.txt"), "")
    units = FlowUnits[UNITS[en.getflowunits(project)]]
    si = lambda what, value: what._to_si(units, value)  # noqa: E731
    nodes = [(i, en.getnodeid(project, i)) for i in range(1, en.getcount(project, en.NODECOUNT) + 1)]
    links = [(i, en.getlinkid(project, i)) for i in range(1, en.getcount(project, en.LINKCOUNT) + 1)]
    has_quality = en.getqualtype(project)[0] != en.NONE
    every = en.gettimeparam(project, en.REPORTSTEP)
    due = en.gettimeparam(project, en.REPORTSTART)
    en.openH(project)
    en.initH(project, en.INITFLOW)
    en.openQ(project)
    en.initQ(project, en.NOSAVE)
    while True:
        now = en.runH(project)
        en.runQ(project)
        if now >= due:
            due += every
            node = lambda i, what: en.getnodevalue(project, i, what)  # noqa: E731
            yield {
                "time_s": now,
                "nodes": {
                    name: [
                        rounded(si(HydParam.HydraulicHead, node(i, en.HEAD))),
                        rounded(si(HydParam.Pressure, node(i, en.PRESSURE))),
                        rounded(si(HydParam.Flow, node(i, en.DEMAND))),
                        rounded(node(i, en.QUALITY)) if has_quality else None,
                    ]
                    for i, name in nodes
                },
                "links": {
                    name: [
                        rounded(si(HydParam.Flow, en.getlinkvalue(project, i, en.FLOW))),
                        int(en.getlinkvalue(project, i, en.STATUS)),
                    ]
                    for i, name in links
                },
            }
        ahead = en.nextH(project)
        en.nextQ(project)
        if ahead == 0:
            break
    en.closeQ(project)
    en.closeH(project)
    en.close(project)
    en.deleteproject(project)


def main():
    warnings.simplefilter("ignore")  # negative pressures and the like belong to the networks
    with tempfile.TemporaryDirectory() as folder:
        for name, keep_s in NETWORKS.items():
            with open(os.path.join(HERE, f"{name}.jsonl"), "w", encoding="utf-8") as out:
                for line in lines(os.path.join(HERE, f"{name}.inp"), folder):
                    if line["time_s"] % keep_s == 0:
                        out.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
