"""What a request asks for, and how: methods, targets, versions, headers. One line a case."""

from framing_cases import GOOD, get, post
from raw import Case


def line(text, *headers):
    return b"\r\n".join([text, b"host: x", *headers]) + b"\r\n\r\n"


def table(token):
    signed = b"authorization: Bearer " + token
    record = b"/v1/places/0198c0de-0004-7000-8000-000000000001"

    def create(*lines):
        return post(signed, b"content-length: 2", *lines, body=b"{}", target=b"/v1/places")

    def patch(*lines):
        return line(b"PATCH " + record + b" HTTP/1.1", signed, b"content-type: application/json", b"content-length: 2", *lines) + b"{}"

    return [
        # Methods.
        *[
            Case(f"method {method.decode()}", line(method + b" /healthz HTTP/1.1"), "405 stay")
            for method in (b"TRACE", b"PROPFIND", b"OPTIONS", b"PATCH", b"get", b"gEt", b"M-SEARCH", b"X" * 60, b"!")
        ],
        Case("HEAD", line(b"HEAD /healthz HTTP/1.1"), "200 stay", head=True),
        Case("HEAD of nothing", line(b"HEAD /nothing HTTP/1.1"), "404 stay", head=True),
        Case("CONNECT", line(b"CONNECT x:443 HTTP/1.1"), "400|404|405 any"),
        Case("CONNECT of a path", line(b"CONNECT /healthz HTTP/1.1"), "400|404|405 any"),
        Case("OPTIONS *", line(b"OPTIONS * HTTP/1.1"), "400|404|405 any"),
        Case("a method with other letters", line(b"G\xc3\x8bT /healthz HTTP/1.1"), "400 close"),
        Case("a method with a colon", line(b"GET: /healthz HTTP/1.1"), "400 close"),
        Case("no method", line(b" /healthz HTTP/1.1"), "400 close"),
        Case("an endless method", b"G" * 300_000, "400|431 close"),
        # Versions.
        Case("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", "200 close"),
        Case("HTTP/1.0 kept", b"GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", "200 any"),
        Case("HTTP/0.9", b"GET /healthz\r\n\r\n", "400 close"),
        Case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "400 close"),
        *[
            Case(f"version {version.decode()}", line(b"GET /healthz " + version), "400 close")
            for version in (b"HTTP/1.2", b"HTTP/2", b"HTTP/01.1", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1,1", b"HTTP/", b"ICY", b"HTTP/1.1\t")
        ],
        Case("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, "400 close"),
        Case("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "400 close"),
        Case("nothing but zeros", bytes(1000), "400 close"),
        # Targets.
        *[
            Case(f"target {target!r}", line(b"GET " + target + b" HTTP/1.1"), "404 stay")
            for target in (
                b"//", b"//healthz", b"/healthz/", b"/healthz%00", b"/%00", b"/%2e%2e/", b"/../../etc/passwd", b"/v1/../healthz",
                b"/v1/%2e%2e/healthz", b"/docs/..%2f..%2fCargo.toml", b"/docs/../Cargo.toml", b"/docs/%2e%2e/Cargo.toml", b"/docs/%00",
                b"/docs/..%5cCargo.toml", b"/dashboard/..%2fmain.js", b"/dashboard/%ff", b"/v1/places%2f", b"/%ff", b"/%zz", b"/%", b"/%2",
                b"/healthz%0d%0ax:%20y", b"/%e7%96%ab", b"/a" * 2000, b"/" * 3000, b"/healthz:void", b"/healthz;x=y", b"/HEALTHZ", b"/.",
            )
        ],
        *[
            Case(f"target {target!r}", line(b"GET " + target + b" HTTP/1.1"), "400|404 any")
            for target in (b"*", b"healthz", b"x:80", b"http:", b"http://", b"//x/healthz", b"\\healthz", b"/\\..\\", b"\xff\xfe", b"/<script>")
        ],
        Case("absolute target", line(b"GET http://x/healthz HTTP/1.1"), "200 stay"),
        Case("absolute target of another host", line(b"GET http://other.example/healthz HTTP/1.1"), "200|400 any"),
        Case("absolute target of an odd port", line(b"GET http://x:99999/healthz HTTP/1.1"), "200|400|404 any"),
        Case("absolute target with a user", line(b"GET http://u:p@x/healthz HTTP/1.1"), "200|400 any"),
        Case("absolute target of another scheme", line(b"GET file:///etc/passwd HTTP/1.1"), "400|404 any"),
        Case("target with a fragment", line(b"GET /healthz#x HTTP/1.1"), "200|400 any"),
        Case("target with raw letters", line("GET /疫情 HTTP/1.1".encode()), "400|404 any"),
        Case("target with a space", line(b"GET /heal thz HTTP/1.1"), "400 close"),
        Case("target with a tab", line(b"GET /heal\tthz HTTP/1.1"), "400 close"),
        Case("target with NUL", line(b"GET /heal\x00thz HTTP/1.1"), "400 close"),
        Case("target with DEL", line(b"GET /heal\x7fthz HTTP/1.1"), "400|404 any"),
        Case("two spaces before the target", line(b"GET  /healthz HTTP/1.1"), "400 close"),
        Case("no target", line(b"GET  HTTP/1.1"), "400 close"),
        Case("target of 60,000 letters", line(b"GET /" + b"a" * 60_000 + b" HTTP/1.1"), "404|414|431 any"),
        Case("target of 100,000 letters", line(b"GET /" + b"a" * 100_000 + b" HTTP/1.1"), "400|414|431 close"),
        Case("endless target", b"GET /" + b"a" * 300_000, "400|414|431 close"),
        *[
            Case(f"query {query!r}", line(b"GET /v1/places?" + query + b" HTTP/1.1", signed), "400 stay")
            for query in (b"limit=%zz", b"%ff=1", b"limit=1&limit=2", b"x=1", b"limit=%00", b"limit=1%0d%0a", b"?", b"=", b"limit[]=1", b"cursor=" + b"A" * 9000, b"&".join([b"x=1"] * 9000))
        ],
        Case("an id that is none", get(signed, target=b"/v1/places/%00"), "404 stay"),
        Case("an id with letters escaped", get(signed, target=b"/v1/places/0198c0de%2d0004%2d7000%2d8000%2d000000000001"), "404 stay"),
        # Headers.
        Case("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", "400 close"),
        Case("Host twice", get(b"host: y"), "400 close"),
        Case("Host twice, the same", get(b"Host: x"), "400 close"),
        Case("empty Host", b"GET /healthz HTTP/1.1\r\nhost:\r\n\r\n", "200|400 any"),
        Case("odd Host", b"GET /healthz HTTP/1.1\r\nhost: a b/<x>@\xff\r\n\r\n", "200|400 any"),
        Case("NUL in a value", get(b"x: a\x00b"), "400 close"),
        Case("control in a value", get(b"x: a\x08b"), "400 close"),
        Case("DEL in a value", get(b"x: a\x7fb"), "400 close"),
        Case("letters of another charset in a value", get(b"x: \xd5\xc5\xc8\xfd"), "200 stay"),
        Case("NUL in a name", get(b"a\x00b: x"), "400 close"),
        Case("other letters in a name", get("名: x".encode()), "400 close"),
        Case("no name", get(b": x"), "400 close"),
        Case("no colon", get(b"x"), "400 close"),
        Case("space in a name", get(b"a b: x"), "400 close"),
        Case("space before the colon", get(b"a : x"), "400 close"),
        Case("space before the name", get(b"a: x", b" b: y"), "400 close"),
        Case("quotes in a name", get(b'"a": x'), "400 close"),
        Case("ninety headers", get(*[b"x-%d: y" % n for n in range(90)]), "200 stay"),
        Case("two hundred headers", get(*[b"x-%d: y" % n for n in range(200)]), "431 close"),
        Case("ten thousand headers", get(*[b"x: y"] * 10_000), "431 close"),
        Case("a long header", get(b"x: " + b"a" * 60_000), "200|431 any"),
        Case("too long a header", get(b"x: " + b"a" * 200_000), "431 close"),
        Case("a long name", get(b"a" * 60_000 + b": x"), "200|400|431 any"),
        Case("Authorization twice", get(signed, signed, target=b"/v1/places"), "401 stay"),
        Case("Authorization of other letters", get(b"authorization: Bearer \xff\xfe", target=b"/v1/places"), "401 stay"),
        Case("Authorization without a token", get(b"authorization: Bearer", target=b"/v1/places"), "401 stay"),
        Case("Authorization of 20,000 letters", get(b"authorization: Bearer " + b"a." * 10_000, target=b"/v1/places"), "401 stay"),
        Case("If-Match twice", patch(b'if-match: "1"', b'if-match: "2"'), "404|412|422 any"),
        *[
            Case(f"If-Match {tag!r}", patch(b"if-match: " + tag), "400|404 any")
            for tag in (b"1", b'"', b"\xff", b'""', b'W/"1"', b'"99999999999999999999999"', b'"1"' * 5000)
        ],
        *[
            Case(f"Accept-Language {language!r}", get(b"accept-language: " + language, target=b"/nothing"), "404 stay")
            for language in (b"\xff\xfe", b";;;,,q=", b"en;q=NaN", b"en;q=-1, zh;q=1e999", b"*", b"en," * 10_000)
        ],
        Case("Accept-Language twice", get(b"accept-language: en", b"accept-language: zh"), "200 stay"),
        Case("Accept twice", get(signed, b"accept: text/csv", b"accept: application/json", target=b"/v1/places?limit=1"), "200|400|422 any"),
        *[
            Case(f"Accept {media!r}", get(signed, b"accept: " + media, target=b"/v1/places?limit=1"), "200|406 any")
            for media in (b"\xff", b"text/html", b"application/json;q=x", b"*/*;q=0", b"," * 5000)
        ],
        Case("Idempotency-Key of 60,000 letters", create(b"idempotency-key: " + b"k" * 60_000), "400|431 any"),
        Case("Idempotency-Key twice", create(b"idempotency-key: a", b"idempotency-key: a"), "400 any"),
        Case("Idempotency-Key of other letters", create(b"idempotency-key: \xff"), "400 any"),
        Case("Range", get(b"range: bytes=0-0,5-99999999999999999999", target=b"/docs/"), "200 stay"),
        Case("Expect of something else", get(b"expect: 200-ok"), "200|400 any"),
        Case("Expect with a body", post(b"expect: 100-continue", b"content-length: 2", body=b"{}"), "422 stay"),
        Case("Expect with too large a body", post(b"expect: 100-continue", b"content-length: 99999999"), "413 close"),
        Case("Expect without a body", get(b"expect: 100-continue"), "200 any"),
        Case("Upgrade: h2c", get(b"connection: upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQAAP__"), "200 close"),
        Case("Upgrade: websocket", get(b"connection: upgrade", b"upgrade: websocket", b"sec-websocket-version: 13", b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="), "200 close"),
        Case("Upgrade: websocket with a body", post(b"connection: upgrade", b"upgrade: websocket", b"content-length: 2", body=b"{}"), "422 close"),
        Case("Upgrade: websocket, then a request", get(b"upgrade: websocket") + GOOD, "200 200 stay"),
        Case("Connection names Authorization", get(signed, b"connection: authorization", target=b"/v1/places"), "200 stay"),
        Case("Connection of odd words", get(b"connection: \xff, keep-alive, ,"), "200 any"),
        Case("X-Forwarded-For of odd words", get(b"x-forwarded-for: \xff, 1.2.3.4.5, ::::, ' OR 1=1"), "200 stay"),
        Case("X-HTTP-Method-Override", get(b"x-http-method-override: DELETE"), "200 stay"),
    ]
