"""Payloads as the reference implementation writes them: Eclipse Tahu in Python (packages tahu 0.1.2,
protobuf 3.20; schema of Cirrus Link Solutions). Prints lines of topic and payload in hexadecimal:

    python generate.py > tahu.txt
"""
import time

time.time = lambda: 1733356800.0
import tahu.sparkplug_b as spb  # noqa: E402

KIND = spb.MetricDataType


def show(kind, payload, device=""):
    print(f"spBv1.0/rural-water/{kind}/sanmen{device} {payload.SerializeToString().hex()}")


def reading(payload, name, alias, value, **more):
    metric = spb.addMetric(payload, name, alias, KIND.Double, value)
    for key, value in more.items():
        setattr(metric, key, value)
    return metric


def say(metric, key, kind, field, value):
    metric.properties.keys.append(key)
    one = metric.properties.values.add()
    one.type = kind
    setattr(one, field, value)


death = spb.getNodeDeathPayload()
spb.bdSeq = 0  # this version counts on between a death and its birth
birth = spb.getNodeBirthPayload()
spb.addMetric(birth, "Node Control/Rebirth", None, KIND.Boolean, False)
show("NBIRTH", birth)

device = spb.getDeviceBirthPayload()
chlorine = reading(device, "AIT-301", 16, 0.5)
say(chlorine, "engUnit", KIND.String, "string_value", "mg/L")
pressure = reading(device, "PIT-407", 17, 0.21)
say(pressure, "engUnit", KIND.String, "string_value", "MPa")
show("DBIRTH", device, "/instruments")

data = spb.getDdataPayload()
reading(data, None, 16, 0.25, timestamp=1733356860000)
show("DDATA", data, "/instruments")

data = spb.getDdataPayload()
bad = reading(data, None, 17, 0.3, timestamp=1733356860000)
say(bad, "Quality", KIND.Int32, "int_value", 0)
none = data.metrics.add()
none.alias, none.timestamp, none.datatype, none.is_null = 16, 1733356860000, KIND.Double, True
show("DDATA", data, "/instruments")

command = spb.sparkplug_b_pb2.Payload()
command.timestamp = 1733356800000
spb.addMetric(command, "Node Control/Rebirth", None, KIND.Boolean, True)
show("NCMD", command)
show("NDEATH", death)
