"""Set-ups of AWS files and variables, resolved by the AWS CLI (its botocore, in this process) and by s3dock.

s3dock's region and endpoint come from `config show`. Its access key comes from the signature of a request. One small server
has the parts of S3, STS, single sign-on and a container that the sources of credentials use.

`differs` of a set-up names the members that s3dock resolves in another way, with s3dock's value. The reason is part of the
name of the check.
"""
import argparse
import hashlib
import http.server
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
MEMBERS = ("region", "endpoint", "access_key")
REFUSED = "refused"

# --- the set-ups ------------------------------------------------------------------------------------------

KEYS = "aws_access_key_id = %s\naws_secret_access_key = secret/of+key==\n"
ENV_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret"}
CONFIG = """[default]
region = eu-north-1
[profile work]
region = sa-east-1
[profile local]
region = eu-west-1
endpoint_url = http://localhost:9000
[profile service]
services = lab
endpoint_url = http://all.example
[services lab]
s3 =
  endpoint_url = http://s3.example:9000
[profile ignoring]
ignore_configured_endpoint_urls = true
endpoint_url = http://all.example
[profile role]
region = eu-west-3
role_arn = arn:aws:iam::123456789012:role/Deploy
source_profile = work
[profile over-role]
region = eu-west-3
role_arn = arn:aws:iam::123456789012:role/Second
source_profile = role
[profile role-of-env]
role_arn = arn:aws:iam::123456789012:role/Env
credential_source = Environment
[profile own-keys-and-role]
aws_access_key_id = AKIDSELF
aws_secret_access_key = secret
role_arn = arn:aws:iam::123456789012:role/Self
source_profile = own-keys-and-role
[profile web]
role_arn = arn:aws:iam::123456789012:role/Web
web_identity_token_file = HOME/token
[profile process]
credential_process = /bin/cat HOME/keys.json
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Admin
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example/start
[profile token]
region = eu-west-1
sso_session = corp
aws_access_key_id = AKIDTOKEN
aws_secret_access_key = secret
[profile endless]
role_arn = arn:aws:iam::123456789012:role/A
source_profile = endless-too
[profile endless-too]
role_arn = arn:aws:iam::123456789012:role/B
source_profile = endless
"""
CREDENTIALS = "[default]\n%s[work]\n%s[both]\n%s" % (KEYS % "AKIDDEFAULT", KEYS % "AKIDWORK", KEYS % "AKIDBOTH")


def setup(name, env=None, profile=None, config=CONFIG, credentials=CREDENTIALS, differs=None):
    """`env` names variables; HOME in a value is the home directory, and SERVER the server."""
    return {"name": name, "env": env or {}, "profile": profile, "config": config, "credentials": credentials,
            "differs": differs or {}}


SETUPS = [
    setup("the default profile"),
    setup("AWS_PROFILE", {"AWS_PROFILE": "work"}),
    setup("--profile", profile="work"),
    setup("--profile before AWS_PROFILE", {"AWS_PROFILE": "default"}, profile="work"),
    setup("AWS_DEFAULT_PROFILE", {"AWS_DEFAULT_PROFILE": "work"}),
    setup("keys in the environment", ENV_KEYS),
    setup("keys in the environment before AWS_PROFILE", {**ENV_KEYS, "AWS_PROFILE": "work"}),
    setup("--profile before keys in the environment", ENV_KEYS, profile="work"),
    setup("AWS_DEFAULT_REGION before the profile", {"AWS_DEFAULT_REGION": "ap-south-1"}),
    setup("AWS_DEFAULT_REGION before --profile", {"AWS_DEFAULT_REGION": "ap-south-1"}, profile="work"),
    setup("a missing profile", {"AWS_PROFILE": "nowhere"}),
    setup("a missing --profile with keys in the environment", ENV_KEYS, profile="nowhere"),
    setup("no files", config=None, credentials=None),
    setup("only the config file", config="[default]\nregion = eu-west-2\n" + KEYS % "AKIDCONFIG", credentials=None),
    setup("only the credentials file", config=None),
    setup("the credentials file before the config file", config="[default]\n" + KEYS % "AKIDCONFIG"),
    setup("a region in the credentials file", credentials="[default]\nregion = us-west-2\n" + KEYS % "AKIDDEFAULT"),
    setup("[profile default]", config="[profile default]\nregion = us-west-1\n"),
    setup("variables for both files", {"AWS_CONFIG_FILE": "HOME/other-config", "AWS_SHARED_CREDENTIALS_FILE": "HOME/other-keys"}),
    setup("a variable with ~", {"AWS_CONFIG_FILE": "~/other-config"}),
    setup("a comment behind a section", config="[default] # c\nregion = us-west-1\n"),
    setup("a comment line with a semicolon", config="; c\n[default]\n# c\nregion = us-west-1\n"),
    setup("a section without its bracket", config="[default\nregion = us-west-1\n"),
    setup("a key outside of a section", config="region = us-west-1\n"),
    setup("an endpoint in the profile", {"AWS_PROFILE": "local"}),
    setup("an endpoint in a services section", {"AWS_PROFILE": "service"}),
    setup("AWS_ENDPOINT_URL_S3 before AWS_ENDPOINT_URL",
          {"AWS_ENDPOINT_URL": "http://all.test", "AWS_ENDPOINT_URL_S3": "http://s3.test"}),
    setup("AWS_ENDPOINT_URL before the services section", {"AWS_ENDPOINT_URL": "http://all.test", "AWS_PROFILE": "service"}),
    setup("endpoints ignored by the profile", {"AWS_ENDPOINT_URL": "http://all.test", "AWS_PROFILE": "ignoring"}),
    setup("endpoints ignored by the environment", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_PROFILE": "local"}),
    setup("a role", {"AWS_PROFILE": "role"}),
    setup("a role of a role", {"AWS_PROFILE": "over-role"}),
    setup("a role with keys of the environment", ENV_KEYS, profile="role-of-env"),
    setup("a role of its own keys", {"AWS_PROFILE": "own-keys-and-role"}),
    setup("roles that name each other", {"AWS_PROFILE": "endless"}),
    setup("a web identity in the environment",
          {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/Pod"}),
    setup("a web identity in a profile", {"AWS_PROFILE": "web"}),
    setup("credential_process", {"AWS_PROFILE": "process"}),
    setup("single sign-on", {"AWS_PROFILE": "sso"}),
    setup("a session of single sign-on without a role, beside keys", {"AWS_PROFILE": "token"}),
    setup("a container", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "SERVER/container"}, credentials=None),
    setup("a profile before the container", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "SERVER/container"}),
    setup("half a pair in the environment", {"AWS_ACCESS_KEY_ID": "AKIDENV"}),
    setup("AWS_REGION: the AWS CLI of PyPI (version 1) does not know it, version 2 does", {"AWS_REGION": "ca-west-1"},
          differs={"region": "ca-west-1"}),
    setup("AWS_PROFILE before AWS_DEFAULT_PROFILE, as in version 2 of the AWS CLI",
          {"AWS_PROFILE": "work", "AWS_DEFAULT_PROFILE": "local"}, differs={"region": "sa-east-1", "access_key": "AKIDWORK",
                                                                          "endpoint": None}),
    setup("a comment behind a value, which Python programs read as a part of it",
          config="[default]\nregion = us-west-1 # c\n", differs={"region": "us-west-1", "access_key": "AKIDDEFAULT",
                                                                  "endpoint": None}),
    setup("a section twice, which Python programs refuse", config="[default]\n[default]\nregion = us-west-1\n",
          differs={"region": "us-west-1", "access_key": "AKIDDEFAULT", "endpoint": None}),
]


# --- the server ---------------------------------------------------------------------------------------------

STS = ("<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult><Credentials><AccessKeyId>%s</AccessKeyId>"
       "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
       "</Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/R/s</Arn>"
       "</AssumedRoleUser></%sResult></%sResponse>")
LISTING = "<ListBucketResult><Name>b</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def respond(self, body, kind="application/xml"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        if self.path.startswith("/container"):
            self.respond(json.dumps({"AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "s", "Token": "t",
                                     "Expiration": "2099-01-01T00:00:00Z"}), "application/json")
        elif self.path.startswith("/federation/credentials"):
            role = re.search("role_name=([^&]*)", self.path).group(1)
            self.respond(json.dumps({"roleCredentials": {"accessKeyId": "AKIDSSO" + role, "secretAccessKey": "s",
                                                         "sessionToken": "t", "expiration": 4070908800000}}), "application/json")
        else:
            found = re.search("Credential=([^/]*)/", self.headers.get("Authorization", ""))
            self.server.signed_by = found.group(1) if found else None
            self.respond(LISTING)

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        action = re.search("Action=([A-Za-z]*)", form).group(1)
        role = re.search("role%2F([A-Za-z]*)", form).group(1)
        self.respond(STS % (action, action, "ASIA" + role, action, action), "text/xml")


def start_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def load_cli(home):
    """Returns the maker of a session, and the errors of the AWS CLI. The import reads HOME, and makes its botocore known."""
    os.environ["HOME"] = home
    from awscli.clidriver import create_clidriver
    from botocore.exceptions import BotoCoreError
    return create_clidriver, (BotoCoreError, ValueError)


# --- one set-up ----------------------------------------------------------------------------------------------


class Bench:
    def __init__(self, program, scratch):
        self.program, self.home, self.server = program, scratch, start_server()
        self.cli = load_cli(scratch)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        self.write("token", "token")
        self.write("keys.json", '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "s"}')
        self.write("other-config", "[default]\nregion = ap-east-1\n")
        self.write("other-keys", "[default]\n" + KEYS % "AKIDOTHER")
        self.write(".aws/sso/cache/%s.json" % hashlib.sha1(b"corp").hexdigest(),
                   '{"accessToken": "t", "expiresAt": "2099-01-01T00:00:00Z"}')

    def write(self, name, text):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if os.path.exists(path):
            os.unlink(path)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("HOME", self.home))

    def prepare(self, one):
        self.write(".aws/config", one["config"])
        self.write(".aws/credentials", one["credentials"])
        env = {name: value.replace("HOME", self.home).replace("SERVER", self.url) for name, value in one["env"].items()}
        for service in ("STS", "SSO"):
            env["AWS_ENDPOINT_URL_" + service] = self.url
        return {**env, "HOME": self.home, "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"}

    def ask_cli(self, one):
        """Resolves with the AWS CLI, which reads the environment of this process."""
        create_clidriver, errors = self.cli
        os.environ.clear()
        os.environ.update(self.prepare(one))
        try:
            session = create_clidriver().session
            if one["profile"]:
                session.set_config_variable("profile", one["profile"])
            client = session.create_client("s3", region_name=session.get_config_variable("region") or "us-east-1")
            keys = session.get_credentials()
            url = client.meta.endpoint_url
            return {"region": session.get_config_variable("region"), "access_key": keys.access_key if keys else None,
                    "endpoint": None if url.endswith(".amazonaws.com") else url}
        except errors as error:
            return {"error": "%s: %s" % (type(error).__name__, error), **dict.fromkeys(MEMBERS, REFUSED)}

    def run(self, one, env, *words):
        profile = ["--profile", one["profile"]] if one["profile"] else []
        return subprocess.run([self.program, *words, "--json", "--bucket", "images", *profile], capture_output=True, text=True,
                              timeout=60, cwd=self.home, env=env)

    def ask_s3dock(self, one):
        env = self.prepare(one)
        self.server.signed_by = None
        listed = self.run(one, {**env, "S3DOCK_ENDPOINT": self.url}, "list", "apps")
        if listed.returncode:
            return {"error": json.loads(listed.stdout)["error"], **dict.fromkeys(MEMBERS, REFUSED)}
        shown = json.loads(self.run(one, env, "config", "show", "--origin").stdout)["data"]
        origins = {item["name"]: item["origin"] for item in shown["settings"]}
        return {"region": None if origins["region"] == "default" else shown["region"], "endpoint": shown.get("endpoint"),
                "access_key": self.server.signed_by}

    def compare(self, one):
        """Returns the differences, as a list of lines."""
        theirs, ours = self.ask_cli(one), self.ask_s3dock(one)
        wrong = []
        for member in MEMBERS:
            wanted = one["differs"].get(member, theirs[member])
            if ours[member] != wanted:
                wrong.append("%s: the AWS CLI finds %s, s3dock %s" % (member, theirs[member], ours[member]))
        if one["differs"] and all(theirs[member] == ours[member] for member in MEMBERS):
            wrong.append("there is no difference any more")
        return wrong + ["%s" % side["error"] for side in (theirs, ours) if wrong and "error" in side]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(TOP, "build/s3dock"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    options.program = os.path.realpath(options.program)
    scratch = os.path.realpath(tempfile.mkdtemp())
    bench, failed = Bench(options.program, scratch), 0
    for one in SETUPS:
        if options.only not in one["name"]:
            continue
        wrong = bench.compare(one)
        failed += bool(wrong)
        print("%s - %s%s" % ("not ok" if wrong else "ok", "differs: " if one["differs"] else "", one["name"]), flush=True)
        for line in wrong:
            print("# " + line)
    shutil.rmtree(scratch)
    return 1 if failed else 0


sys.exit(main())
