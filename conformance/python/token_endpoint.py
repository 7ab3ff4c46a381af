"""The token endpoint of an authorization server (RFC 6749, RFC 7523) in place of Google's, for grpc-go's interop cases with
service accounts: a POST with a signed assertion gets an access token. Not here: checking the signature, which is the business
of Gannet's server where the assertion is the token itself (case jwt_token_creds).

usage: token_endpoint.py PORT ACCOUNT SCOPE TOKEN
"""

import base64
import http.server
import json
import sys
import urllib.parse

port, account, scope, token = sys.argv[1:]


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        claims = form["assertion"][0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        good = (
            form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            and claims["iss"] == account
            and claims["scope"] == scope
        )
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600} if good else {"error": "invalid_grant"}
        body = json.dumps(answer).encode()
        self.send_response(200 if good else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.HTTPServer(("127.0.0.1", int(port)), Endpoint).serve_forever()
