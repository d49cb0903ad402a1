"""Scripts of faults for fake_s3.py, fake_docker.py and fault_proxy.py: a list of rules.

    {"kind": "Part", "nth": 2, "times": 3, "do": "status", "status": 503, "code": "SlowDown"}

This rule means: respond with 503 SlowDown to the second, third and fourth UploadPart. `nth` counts from 1 (the
default). `times` is 1 by default, and 0 means without end. `chance` (0 to 1) selects a random share of these requests.
`token` selects the requests of one session.
"""
import random
import threading


class Script:
    def __init__(self, rules=()):
        self.lock = threading.Lock()
        self.begin(rules)

    def begin(self, rules, seed=1):
        """Starts a new script. The counters start at 0."""
        self.rules, self.counts, self.kinds = list(rules), {}, []
        self.random = random.Random(seed)

    def rule(self, *names, token=None):
        """Counts a request with these names, the most specific first. Returns its rule, or {"do": ""}."""
        with self.lock:
            found = None
            self.kinds.append(names[0])
            for name in (*names, "Any"):
                count = self.counts[name] = self.counts.get(name, 0) + 1
                for rule in self.rules:
                    if rule["kind"] == name and self.applies(rule, count, token):
                        found = found or rule
            return found or {"do": ""}

    def applies(self, rule, count, token):
        first, times = rule.get("nth", 1), rule.get("times", 1)
        return count >= first and (times == 0 or count < first + times) \
            and rule.get("token", token) == token \
            and ("chance" not in rule or self.random.random() < rule["chance"])


def names_of(method, key, query, headers):
    """Returns the kinds of an S3 request, the most specific first: see fake_s3.py. Names of `headers` are in lower
    case."""
    if not key and method == "PUT":
        return ("Bucket",)
    if not key and "lifecycle" in query:
        return ("Lifecycle",)
    if not key:
        return ("Uploads",) if "uploads" in query else ("List",)
    if "uploads" in query:
        return ("Create",)
    copy = "x-amz-copy-source" in headers
    if "uploadId" in query:
        return ({"PUT": "CopyPart" if copy else "Part", "POST": "Complete", "DELETE": "Abort",
                 "GET": "Parts"}[method],)
    if method == "GET" and "range" in headers:
        return "Range", "Get"
    if method == "PUT" and not copy and ("if-match" in headers or "if-none-match" in headers):
        return "PutIf", "Put"
    return ({"PUT": "Copy" if copy else "Put"}.get(method, method.capitalize()),)
