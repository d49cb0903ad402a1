#!/usr/bin/env python3
"""A scripted server that issues temporary credentials in each way that AWS has, with faults on request.

One port is all of these, so one URL fits AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_SSO, AWS_ENDPOINT_URL_SSO_OIDC and
AWS_EC2_METADATA_SERVICE_ENDPOINT; the container's URI is URL/container.

    POST /                          STS: AssumeRole (checks the signature), AssumeRoleWithWebIdentity
    GET  /federation/credentials    SSO portal: needs a valid token of the portal
    POST /token                     SSO OIDC: exchanges --refresh-token for the next token of the portal and the next
                                    refresh token ("refresh-1" after "refresh-0")
    PUT  /latest/api/token          instance metadata, version 2 only
    GET  /latest/meta-data/...      iam/security-credentials/, the same with a role, placement/region
    GET  /container                 container: needs --container-token as Authorization, if it is set

Each request gets a new key, valid for --life seconds. All keys are in --keys, a JSON file
{"ASIA...": {"secret", "token", "until", "from"}}: fake_s3.py --keys FILE accepts them until then.

The script of rules (see script.py) has these kinds: AssumeRole WebIdentity Portal Refresh ImdsToken ImdsRoles ImdsRole
ImdsRegion Container; of these also Sts, Imds; and Any. Actions:

    status       respond with `status`, and `code`, `message` in the form of the service, or a raw `body`, `headers`
    reset        reset the connection
    hang         send nothing for `seconds`, then reset
    delay        wait `seconds`, then continue
    slow         send the response one byte after the other, `seconds` apart
    huge         respond with 200 and `bytes` bytes
    redirect     respond with 302 to `location`

POST /.fake with a JSON object changes the server. Members: "rules" (a new script, counted from now), and the options
"life", "token_life", "imds_role", "clock". The response lists the kinds of the requests since the last script, and the
keys in the order of their issue. The server logs every request as one JSON line (--log), and writes its port to
--port-file when it listens.
"""
import argparse
import email.utils
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from script import Script  # noqa: E402
from signature import SKEW_MAX, Refused, Signature  # noqa: E402

ACCOUNT = "123456789012"


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Issuer:
    """The state: keys and tokens that are valid."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.keys, self.portal_tokens, self.imds_tokens = {}, {}, {}
        self.refresh_token, self.refreshed = options.refresh_token, 0
        self.portal_tokens[options.sso_token] = self.now() + options.token_life
        self.script = Script(json.load(open(options.script)) if options.script else [])
        self.log = open(options.log, "a", buffering=1) if options.log else None
        self.write_keys()

    def now(self):
        return time.time() + self.options.clock

    def write_keys(self):
        if self.options.keys:
            with open(self.options.keys + ".new", "w") as out:
                json.dump(self.keys, out)
            os.rename(self.options.keys + ".new", self.options.keys)

    def issue(self, kind, life=None):
        with self.lock:
            number = len(self.keys) + 1
            key = {"access": f"ASIAFAKE{number:08}", "secret": f"fake-secret-{number:08}",
                   "token": f"fake-session-token-{number:08}-" + "t" * self.options.token_size, "from": kind,
                   "until": int(self.now() + min(self.options.life, life or self.options.life))}
            self.keys[key["access"]] = key
            self.write_keys()
        return key

    def secret_of(self, access_key, token):
        """Finds the secret of the long-lived key, or of an issued key that is still valid."""
        if access_key == self.options.access_key:
            return self.options.secret_key
        key = self.keys.get(access_key)
        if not key or key["token"] != token:
            raise Refused(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if key["until"] < self.now():
            raise Refused(403, "ExpiredToken", "The security token included in the request is expired")
        return key["secret"]

    def control(self, words):
        with self.lock:
            told = {"kinds": self.script.kinds, "keys": list(self.keys)}
            for name in ("life", "token_life", "imds_role", "clock"):
                if name in words:
                    setattr(self.options, name, words[name])
            if "rules" in words:
                self.script.begin(words["rules"], words.get("seed", 1))
            return told


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    issuer = None

    # -- one request --

    def handle_one(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.extra, self.pause = {}, None
        if self.path == "/.fake":
            self.kind = "Control"
            return self.answer(200, json.dumps(self.issuer.control(json.loads(self.body))))
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        names = self.names_of(url.path)
        self.kind = names[0]
        self.misbehave(self.issuer.script.rule(*names))

    do_GET = do_PUT = do_POST = handle_one

    def names_of(self, path):
        """Returns the kinds of the request, the most specific first."""
        imds = "/latest/meta-data/iam/security-credentials/"
        if path == "/" and self.command == "POST":
            self.form = dict(urllib.parse.parse_qsl(self.body.decode()))
            kinds = {"AssumeRole": "AssumeRole", "AssumeRoleWithWebIdentity": "WebIdentity"}
            return kinds.get(self.form.get("Action"), "Unknown"), "Sts"
        if path.startswith(imds):
            return "ImdsRole" if path[len(imds):] else "ImdsRoles", "Imds"
        return {"/federation/credentials": ("Portal",), "/token": ("Refresh",), "/container": ("Container",),
                "/latest/api/token": ("ImdsToken", "Imds"),
                "/latest/meta-data/placement/region": ("ImdsRegion", "Imds")}.get(path, ("Unknown",))

    def misbehave(self, rule):
        do = rule["do"]
        if do in ("hang", "delay"):
            time.sleep(rule["seconds"])
        if do in ("reset", "hang"):
            self.note(0)
            return self.cut()
        if do == "huge":
            return self.answer(200, "x" * rule["bytes"])
        if do == "redirect":
            self.extra = {"Location": rule["location"]}
            return self.answer(302)
        if do == "slow":
            self.pause = rule["seconds"]
        if do == "status":
            self.extra = rule.get("headers", {})
            if "body" in rule:
                return self.answer(rule["status"], rule["body"])
            return self.refuse(Refused(rule["status"], rule.get("code", ""), rule.get("message", "by the script")))
        try:
            self.answer(200, getattr(self, "on_" + self.kind)())
        except Refused as refused:
            self.refuse(refused)

    def refuse(self, refused):
        if self.kind in ("AssumeRole", "WebIdentity", "Unknown"):
            text = (f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>'
                    f"{refused.code}</Code><Message>{escape(refused.message)}</Message></Error></ErrorResponse>")
        elif self.kind == "Refresh":
            text = json.dumps({"error": refused.code, "error_description": refused.message})
        elif self.kind == "Portal":
            text = json.dumps({"message": refused.message,
                               "__type": "com.amazonaws.switchboard.portal#" + refused.code})
        else:
            text = json.dumps({"code": refused.code, "message": refused.message})
        self.answer(refused.status, text)

    def answer(self, status, text=""):
        body = text.encode()
        if self.kind != "Control":
            self.note(status)
        self.send_response_only(status)
        headers = {"Date": email.utils.formatdate(self.issuer.now(), usegmt=True), "Content-Length": str(len(body)),
                   "Content-Type": "text/xml" if text.startswith("<") else "application/json", **self.extra}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.pause is None:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(self.pause)

    def cut(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def note(self, status):
        if self.issuer.log:
            self.issuer.log.write(json.dumps({
                "kind": self.kind, "method": self.command, "path": self.path, "status": status,
                "body": self.body.decode(errors="replace"),
                "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")

    def log_message(self, *args):
        pass

    # -- STS --

    def sts_answer(self, action):
        seconds = int(self.form.get("DurationSeconds", 3600))
        if not 900 <= seconds <= 43200:
            raise Refused(400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set"
                          " for this role.")
        if not self.form.get("RoleArn") or not self.form.get("RoleSessionName"):
            raise Refused(400, "ValidationError", "a field is missing")
        key = self.issuer.issue(action, seconds)
        role = escape(self.form["RoleArn"].rsplit("/", 1)[-1])
        session = escape(self.form["RoleSessionName"])
        return (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><AssumedRoleUser>'
                f"<AssumedRoleId>AROAFAKE:{session}</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{role}/"
                f"{session}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{key['access']}</AccessKeyId>"
                f"<SecretAccessKey>{key['secret']}</SecretAccessKey><SessionToken>{key['token']}</SessionToken>"
                f"<Expiration>{iso(key['until'])}</Expiration></Credentials></{action}Result></{action}Response>")

    def on_AssumeRole(self):
        signature = Signature(self.headers, "sts")
        secret = self.issuer.secret_of(signature.access_key, self.headers.get("x-amz-security-token"))
        if abs(signature.sent() - self.issuer.now()) > SKEW_MAX:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.issuer.now()))
            raise Refused(403, "SignatureDoesNotMatch", f"Signature not yet current or expired: {stamp}")
        payload = hashlib.sha256(self.body).hexdigest()
        if not signature.is_good(secret, "POST", "/", "", payload):
            raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if "SerialNumber" in self.form and self.form.get("TokenCode") != self.issuer.options.mfa_code:
            raise Refused(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
        return self.sts_answer("AssumeRole")

    def on_WebIdentity(self):
        if self.form.get("WebIdentityToken") != self.issuer.options.web_token:
            raise Refused(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
        return self.sts_answer("AssumeRoleWithWebIdentity")

    # -- SSO --

    def on_Portal(self):
        until = self.issuer.portal_tokens.get(self.headers.get("x-amz-sso_bearer_token"), 0)
        if until < self.issuer.now():
            raise Refused(401, "UnauthorizedException", "Session token not found or invalid")
        if not self.query.get("role_name") or not self.query.get("account_id"):
            raise Refused(400, "InvalidRequestException", "a parameter is missing")
        key = self.issuer.issue("Portal")
        return json.dumps({"roleCredentials": {
            "accessKeyId": key["access"], "secretAccessKey": key["secret"], "sessionToken": key["token"],
            "expiration": key["until"] * 1000}})

    def on_Refresh(self):
        issuer, form = self.issuer, json.loads(self.body)
        with issuer.lock:
            if form.get("grantType") != "refresh_token" or form.get("refreshToken") != issuer.refresh_token:
                raise Refused(400, "invalid_grant", "Invalid refresh token provided")
            if (form.get("clientId"), form.get("clientSecret")) != ("client-id", "client-secret"):
                raise Refused(401, "invalid_client", "Invalid client provided")
            issuer.refreshed += 1
            issuer.refresh_token = f"refresh-{issuer.refreshed}"
            token = f"sso-token-{issuer.refreshed}"
            issuer.portal_tokens[token] = issuer.now() + issuer.options.token_life
            return json.dumps({"accessToken": token, "expiresIn": issuer.options.token_life, "tokenType": "Bearer",
                               "refreshToken": issuer.refresh_token})

    # -- instance and container --

    def check_imds_token(self):
        if self.issuer.imds_tokens.get(self.headers.get("x-aws-ec2-metadata-token"), 0) < self.issuer.now():
            raise Refused(401, "Unauthorized", "no token")

    def on_ImdsToken(self):
        seconds = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
        if self.command != "PUT" or not seconds:
            raise Refused(400, "BadRequest", "not a request for a token")
        life = min(int(seconds), self.issuer.options.imds_token_life)
        with self.issuer.lock:
            token = f"imds-token-{len(self.issuer.imds_tokens)}=="
            self.issuer.imds_tokens[token] = self.issuer.now() + life
        self.extra = {"x-aws-ec2-metadata-token-ttl-seconds": str(life)}
        return token

    def on_ImdsRoles(self):
        self.check_imds_token()
        if not self.issuer.options.imds_role:
            raise Refused(404, "NotFound", "no role")
        return self.issuer.options.imds_role

    def host_key(self):
        key = self.issuer.issue(self.kind)
        return {"AccessKeyId": key["access"], "SecretAccessKey": key["secret"], "Token": key["token"],
                "Expiration": iso(key["until"])}

    def on_ImdsRole(self):
        self.check_imds_token()
        if not self.path.endswith("/" + self.issuer.options.imds_role):
            raise Refused(404, "NotFound", "no such role")
        return json.dumps({"Code": "Success", "LastUpdated": iso(self.issuer.now()), "Type": "AWS-HMAC",
                           **self.host_key()})

    def on_ImdsRegion(self):
        self.check_imds_token()
        return self.issuer.options.region

    def on_Container(self):
        wanted = self.issuer.options.container_token
        if wanted and self.headers.get("Authorization") != wanted:
            raise Refused(401, "Unauthorized", "Invalid authorization token")
        return json.dumps({"AccountId": ACCOUNT, **self.host_key()})

    def on_Unknown(self):
        raise Refused(404, "InvalidAction", "no such service here")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client may close the connection before the whole response."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--script", help="file with the rules")
    parser.add_argument("--log", help="file for the requests")
    parser.add_argument("--keys", help="file for the issued keys")
    parser.add_argument("--life", type=float, default=3600, help="seconds until a key expires")
    parser.add_argument("--access-key", default="AKIAFAKEBASE", help="the long-lived key that may assume roles")
    parser.add_argument("--secret-key", default="fake-base-secret")
    parser.add_argument("--token-size", type=int, default=0, help="bytes that a session token is longer")
    parser.add_argument("--mfa-code", default="123456")
    parser.add_argument("--web-token", default="web-token")
    parser.add_argument("--sso-token", default="sso-token-0")
    parser.add_argument("--token-life", type=int, default=28800, help="seconds until a token of the portal expires")
    parser.add_argument("--refresh-token", default="refresh-0")
    parser.add_argument("--imds-role", default="instance-role", help="empty: the instance has none")
    parser.add_argument("--imds-token-life", type=int, default=21600)
    parser.add_argument("--container-token", default="")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--clock", type=float, default=0, help="seconds this server is ahead")
    options = parser.parse_args()
    Handler.issuer = Issuer(options)
    server = Server(("127.0.0.1", 0), Handler)
    with open(options.port_file + ".new", "w") as out:
        out.write(str(server.server_address[1]))
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
