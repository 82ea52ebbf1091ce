"""Waits until the Prometheus at port 9090 has a sample for the query argv[1]."""

import json
import sys
import time
import urllib.parse
import urllib.request

end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        url = "http://127.0.0.1:9090/api/v1/query?" + urllib.parse.urlencode({"query": sys.argv[1]})
        with urllib.request.urlopen(url, timeout=10) as answer:
            if json.load(answer)["data"]["result"]:
                sys.exit(0)
    except OSError:
        pass  # it is starting
    time.sleep(0.1)
sys.exit(1)
