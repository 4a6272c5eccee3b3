"""Access to the studio: one token, one host, and changes only by POST from the studio's own pages.

A web page that the user has open could send requests to 127.0.0.1. Three things keep it out:

* the token, which the first address carries and a cookie holds from then on (HttpOnly, SameSite=Strict);
* the Host header, which has to be the studio's own (against DNS rebinding);
* the Origin header of every POST, which has to be the studio's own, together with a JSON body.

Every answer forbids its page to load anything from elsewhere (Content-Security-Policy) and to be framed.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "127.0.0.1"
MAX_BODY_BYTES = 65_536
TOKEN_BYTES = 32
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def new_token() -> str:
    """Returns a random token for one run of the studio."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class AccessGuard:
    """ASGI middleware that refuses every request that does not come from the studio's own pages."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        """Args:
        app: the application that is guarded.
        token: of this run; `new_token` makes one.
        port: on which the studio listens.
        """
        self._app, self._token = app, token
        self._cookie = f"understudy_studio_{port}"
        self._hosts = {f"{ADDRESS}:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request itself; passes on every other."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refusal = self._refusal(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        return await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """Returns the answer to a request that may not pass; None for one that may."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.get("host") not in self._hosts:
            return _refuse(421, "The studio answers only to its own address, which understudy studio has printed.")
        if method not in ("GET", "HEAD", "POST"):
            return _refuse(405, "The studio knows GET and POST only.")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if given and method == "GET":
            if not self._is_token(given[-1]):
                return _refuse(403, "This token is of another run: use the address that understudy studio has printed.")
            rest = urlencode([each for each in query if each[0] != "token"])
            path = "/" + quote(scope["path"].lstrip("/\\"))  # never //host, which would lead elsewhere
            answer = RedirectResponse(path + (f"?{rest}" if rest else ""), status_code=303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
            return answer
        if not self._is_token(_cookie_of(headers, self._cookie)):
            return _refuse(403, "The token is missing: use the address that understudy studio has printed.")
        return self._refusal_of_post(headers) if method == "POST" else None

    def _refusal_of_post(self, headers: Headers) -> Response | None:
        if headers.get("origin") not in self._origins:
            return _refuse(403, "A change has to come from the studio's own page.")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refuse(415, "A change is sent as JSON.")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY_BYTES):
            return _refuse(413, f"A change has at most {MAX_BODY_BYTES} bytes, and says how many.")
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


def _cookie_of(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _refuse(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status_code=status)
