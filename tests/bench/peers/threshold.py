"""A paho script as people write it: a threshold with hysteresis and a delay in event time.

Usage: threshold.py PORT. Reads our data messages, publishes {"tag", "state"} to peers/alert.
"""

import json
import sys
from datetime import datetime

import paho.mqtt.client as mqtt

HIGH, LOW, DELAY_MS = 1.8, 1.5, 3000
above = {}  # tag: since when, event time in ms
raised = set()


def on_connect(client, userdata, flags, reason, properties):
    client.subscribe("sanmen/v1/bench/+/data", qos=1)


def on_message(client, userdata, message):
    data = json.loads(message.payload)
    start = int(datetime.fromisoformat(data["from"]).timestamp() * 1000)
    for column in data["readings"]:
        tag = column["tag"]
        for ms, value in zip(column["ms"], column["value"]):
            at = start + ms
            if value is None:
                continue
            if tag in above:
                if value < LOW:
                    del above[tag]
                    if tag in raised:
                        raised.remove(tag)
                        say(client, tag, "cleared")
                    continue
            elif value > HIGH:
                above[tag] = at
            if tag in above and tag not in raised and at - above[tag] >= DELAY_MS:
                raised.add(tag)
                say(client, tag, "raised")


def say(client, tag, state):
    client.publish("peers/alert", json.dumps({"tag": tag, "state": state}), qos=1)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="threshold")
client.on_connect = on_connect
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
