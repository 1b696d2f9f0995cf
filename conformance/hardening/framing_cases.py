"""Where a request begins and ends: heads, lengths, chunks, pipelines. One line a case.

A wrong framing is answered once and ends the connection: whatever follows may be somebody else's bytes.
"""

from raw import Case

GOOD = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: smuggled-request\r\n\r\n"


def get(*lines, target=b"/healthz", end=b"\r\n\r\n"):
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"host: x", *lines]) + end


def post(*lines, body=b"", target=b"/v1/auth/login"):
    head = b"POST " + target + b" HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def chunked(body, *lines):
    return post(b"transfer-encoding: chunked", *lines, body=body)


def table(token):
    signed = b"authorization: Bearer " + token
    inside = post(b"content-length: %d" % len(SMUGGLED), body=SMUGGLED)
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    return [
        # Two lengths, or one that is none.
        Case("CL and TE", post(b"content-length: 6", b"transfer-encoding: chunked", body=b"0\r\n\r\nG" + SMUGGLED), "400 close"),
        Case("TE and CL", post(b"transfer-encoding: chunked", b"content-length: 4", body=chunk), "400 close"),
        Case("CL 0 and TE", post(b"content-length: 0", b"transfer-encoding: chunked", body=chunk), "400 close"),
        Case("CL twice, different", post(b"content-length: 0", b"content-length: 83", body=SMUGGLED), "400 close"),
        Case("CL twice, the same", post(b"content-length: 2", b"content-length: 2", body=b"{}"), "400 close"),
        Case("CL as a list", post(b"content-length: 2, 2", body=b"{}"), "400 close"),
        *[
            Case(f"CL {length!r}", post(b"content-length: " + length, body=b"{}"), "400 close")
            for length in (b"+2", b"-2", b"0x2", b"2 2", b"", b"2e0", b"2.0", b"2;", b"\xd9\xa2", b"18446744073709551616", b"9" * 400)
        ],
        Case("CL beyond all bounds", post(b"content-length: 18446744073709551615", body=b"{}"), "413 close"),
        Case("CL larger than allowed", post(b"content-length: 99999999", body=b"{}"), "413 close"),
        Case("CL with spaces around", post(b"content-length:   2  ", body=b"{}"), "422 stay"),
        Case("CL with zeros before", post(b"content-length: 000000000002", body=b"{}"), "422 stay"),
        Case("CL in another spelling", post(b"CoNtEnT-LeNgTh: 2", body=b"{}"), "422 stay"),
        Case("CL before a colon with a space", post(b"content-length : 83", body=SMUGGLED), "400 close"),
        Case("CL in HTTP/1.0 missing", b"POST /v1/auth/login HTTP/1.0\r\n\r\n" + SMUGGLED, "400 close"),
        # Transfer-Encoding in all its variants.
        *[
            Case(f"TE {coding!r}", post(b"transfer-encoding: " + coding, body=chunk), "400 close")
            for coding in (
                b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"gzip", b"identity", b"chunked, identity", b"xchunked",
                b"chunkedx", b"\"chunked\"", b"'chunked'", b"chunked;q=1", b"chunked\x0b", b"\x0bchunked", b"chunked\x00", b",chunked",
                b"", b"chunk\xc3\xabd", b"\xc2\xa0chunked", b"[chunked]",
            )
        ],
        Case("TE twice", post(b"transfer-encoding: chunked", b"transfer-encoding: chunked", body=chunk), "400 close"),
        Case("TE twice, one odd", post(b"transfer-encoding: chunked", b"transfer-encoding: x", body=chunk), "400 close"),
        Case("TE with a space before the colon", post(b"transfer-encoding : chunked", body=chunk), "400 close"),
        Case("TE with a tab before the colon", post(b"transfer-encoding\t: chunked", body=chunk), "400 close"),
        Case("TE on a folded line", post(b"transfer-encoding:\r\n chunked", body=chunk), "400 close"),
        Case("TE hidden in a fold", post(b"x: y\r\n transfer-encoding: chunked", body=chunk), "400 close"),
        Case("TE behind a bare CR", post(b"x: y\rtransfer-encoding: chunked", body=chunk), "400 close"),
        Case("TE behind a bare LF", post(b"x: y\ntransfer-encoding: chunked", body=chunk), "400 close"),
        Case("TE in HTTP/1.0", b"POST /v1/auth/login HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n" + chunk, "400 close"),
        Case("TE with an underscore is no TE", get(b"transfer_encoding: chunked") + b"0\r\n\r\n" + SMUGGLED, "200 400 close"),
        Case("TE in another spelling", post(b"TRANSFER-encoding: Chunked", body=b"2\r\n{}\r\n0\r\n\r\n"), "422 stay"),
        # Chunks.
        Case("chunked", chunked(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), "422 stay"),
        Case("chunk with an extension", chunked(b"2;name=value\r\n{}\r\n0\r\n\r\n"), "422 stay"),
        Case("chunk with a size of many zeros", chunked(b"0000000002\r\n{}\r\n0\r\n\r\n"), "422|400 any"),
        *[
            Case(f"chunk size {size!r}", chunked(size + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED), "400 close")
            for size in (
                b"0x2", b"-2", b"+2", b"", b" 2", b"g", b"2 2", b"\x002", b"2\x00", b"FFFFFFFFFFFFFFFFF", b"10000000000000002",
                b"2;a\nb", b"2;a\rb", b"2;\x00",
            )
        ],
        Case("chunk of nearly all sizes", chunked(b"FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n" + b"x" * 300_000), "413|400 close"),
        Case("chunk size ended by LF", chunked(b"2\n{}\r\n0\r\n\r\n" + SMUGGLED), "400 close"),
        Case("chunk extension ended by LF", chunked(b"2;a\n{}\r\n0\r\n\r\n" + SMUGGLED), "400 close"),
        Case("chunk longer than said", chunked(b"2\r\n{}{}\r\n0\r\n\r\n" + SMUGGLED), "400 close"),
        Case("chunk ended by LF", chunked(b"2\r\n{}\n0\r\n\r\n" + SMUGGLED), "400 close"),
        Case("chunk ended by two other bytes", chunked(b"2\r\n{}XX0\r\n\r\n" + SMUGGLED), "400 close"),
        Case("last chunk ended by LF", chunked(b"2\r\n{}\r\n0\n\n" + SMUGGLED), "400 close"),
        Case("broken chunk nobody reads", b"POST /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + SMUGGLED, "405 close"),
        Case("broken chunk without a sign-in", post(b"transfer-encoding: chunked", body=b"zz\r\n" + SMUGGLED, target=b"/v1/places"), "401 close"),
        Case("chunks larger than allowed", chunked(b"10000\r\n" + b" " * 0x10000 + b"\r\n") + (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 4, "413 close"),
        # Trailers.
        Case("trailer", chunked(b"2\r\n{}\r\n0\r\nx-sum: 1\r\n\r\n"), "422|400 any"),
        Case("trailer with a length", chunked(b"2\r\n{}\r\n0\r\ncontent-length: 83\r\n\r\n") + GOOD, "422|400 200|400 any"),
        Case("trailer that signs in", post(b"transfer-encoding: chunked", body=b"2\r\n{}\r\n0\r\n" + signed + b"\r\n\r\n", target=b"/v1/places"), "401 any"),
        Case("trailer ended by LF", chunked(b"2\r\n{}\r\n0\r\nx: y\n\n" + SMUGGLED), "400|408 close"),
        # A request within a body is a body.
        Case("request within a body", inside, "400 stay"),
        Case("request within a chunk", chunked(chunk), "400 stay"),
        Case("request within the body of a GET", get(b"content-length: %d" % len(SMUGGLED)) + SMUGGLED, "200 any"),
        Case("request within a chunk of a GET", get(b"transfer-encoding: chunked") + chunk, "200 any"),
        Case("request within a body nobody reads", b"DELETE /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(SMUGGLED), SMUGGLED), "404 any"),
        Case("request within a body that is refused", post(b"content-length: %d" % len(SMUGGLED), body=SMUGGLED, target=b"/v1/places"), "401 any"),
        Case("request within a body too large", post(b"content-length: 400000", body=SMUGGLED * 5000), "413 close"),
        Case("request behind a close", get(b"connection: close") + SMUGGLED, "200 close"),
        Case("request behind a close in a list", get(b"connection: x, Close") + SMUGGLED, "200 close"),
        Case("request behind HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n" + SMUGGLED, "200 close"),
        # Several in order.
        Case("two at once", GOOD * 2, "200 200 stay"),
        Case("forty at once", GOOD * 40, " ".join(["200"] * 40) + " stay"),
        Case("a slow one before HEAD", get(signed, target=b"/v1/places") + b"HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "200 200 close", head_last=True),
        Case("a slow one before HTTP/1.0", get(signed, target=b"/v1/places") + b"GET /healthz HTTP/1.0\r\n\r\n", "200 200 close"),
        Case("a body, then another request", post(b"content-length: 2", body=b"{}") + GOOD, "422 200 stay"),
        Case("a body nobody reads, then another request", post(b"content-length: 2", body=b"{}", target=b"/v1/places") + GOOD, "401 200 stay"),
        Case("a request, then garbage", GOOD + b"garbage\r\n\r\n", "200 400 close"),
        Case("a slow request, then garbage", get(signed, target=b"/v1/places") + b"garbage\r\n\r\n", "200 400 close"),
        Case("HTTP/1.0 kept, then garbage", b"GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\ngarbage\r\n\r\n", "200 400 close"),
        Case("a request, then too large a head", GOOD + get(b"x: " + b"a" * 200_000), "200 431 close"),
        # Lines.
        Case("empty lines first", b"\r\n\r\n" + GOOD, "200 stay"),
        Case("lines ended by LF", GOOD.replace(b"\r\n", b"\n"), "400 close"),
        Case("lines ended by CR", GOOD.replace(b"\r\n", b"\r"), "400|408 close"),
        Case("one line ended by LF", b"GET /healthz HTTP/1.1\nhost: x\r\n\r\n", "400 close"),
        Case("head ended by LF", b"GET /healthz HTTP/1.1\r\nhost: x\r\n\n", "400 close"),
        Case("LF CR", b"GET /healthz HTTP/1.1\n\rhost: x\n\r\n\r", "400 close"),
        Case("folded line", get(b"x: y\r\n z"), "400 close"),
        Case("folded first line", b"GET /healthz HTTP/1.1\r\n host: x\r\n\r\n", "400 close"),
        Case("folded by a tab", get(b"x: y\r\n\tz"), "400 close"),
        Case("CR within a value", get(b"x: y\rz"), "400 close"),
        Case("CR CR LF", get(b"x: y\r"), "400 close"),
    ]
