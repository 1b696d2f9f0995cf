"""What a body may be: codings, media types, JSON of every odd kind. One line a case; all by one signed-in caller."""

import gzip
import zlib

from framing_cases import post
from raw import Case

BOMB = gzip.compress(b" " * 8_000_000)


def table(token):
    signed = b"authorization: Bearer " + token

    def send(body, *lines, target=b"/v1/places", media=b"application/json"):
        whole = post(signed, b"content-length: %d" % len(body), *lines, body=body, target=target)
        return whole.replace(b"content-type: application/json\r\n", b"content-type: %b\r\n" % media if media is not None else b"", 1)

    def json_case(name, body, expect="400 stay", **more):
        return Case(f"JSON: {name}", send(body, **more), expect)

    deep = 120_000
    return [
        # Codings: none is taken, so that nothing can be inflated.
        *[
            Case(f"Content-Encoding {coding.decode()}", send(body, b"content-encoding: " + coding), "415 any")
            for coding, body in (
                (b"gzip", gzip.compress(b"{}")), (b"x-gzip", gzip.compress(b"{}")), (b"deflate", zlib.compress(b"{}")), (b"br", b"\x06{}\x03"),
                (b"zstd", b"{}"), (b"nonsense", b"{}"), (b"gzip, gzip", gzip.compress(gzip.compress(b"{}"))), (b"\xff".decode("latin-1").encode(), b"{}"),
            )
        ],
        Case("Content-Encoding identity", send(b"{}", b"content-encoding: identity"), "415|422 any"),
        Case("Content-Encoding of a bomb", send(BOMB, b"content-encoding: gzip"), "415 any"),
        Case("bomb without its coding", send(BOMB), "400 any"),
        Case("Content-Encoding twice", send(b"{}", b"content-encoding: identity", b"content-encoding: gzip"), "415 any"),
        Case("Content-Encoding of a batch", send(BOMB, b"content-encoding: gzip", target=b"/v1/places:batch"), "415 any"),
        Case("Content-Encoding of an import", send(BOMB, b"content-encoding: gzip", target=b"/v1/imports?kind=places&validate_only=true", media=b"text/csv"), "415 any"),
        # Media types.
        *[
            Case(f"Content-Type {media!r}", send(b"{}", media=media), "415 any")
            for media in (
                None, b"", b"text/plain", b"*/*", b"application/*", b"application/json, text/plain", b"application/problem+json", b"multipart/form-data; boundary=x",
                b"application/x-www-form-urlencoded", b"application/json; charset=utf-16", b"application/json; charset=", b"application/jsonx", b"\xff", b"json",
                b"application/json\xff", b"application/" + b"j" * 30_000,
            )
        ],
        *[
            Case(f"Content-Type {media!r}", send(b"{}", media=media), "422 stay")
            for media in (b"APPLICATION/JSON", b"application/json;charset=UTF-8", b'application/json ; charset="utf-8"', b"application/json; x=y")
        ],
        Case("Content-Type twice", send(b"{}", b"content-type: text/plain"), "400|415 any"),
        # No JSON.
        *[
            json_case(repr(body)[:40], body)
            for body in (
                b"", b" ", b"{", b"}", b"{}{}", b"{} x", b"[]", b"1", b"null", b'"x"', b"nul", b"{'a':1}", b"{a:1}", b'{"a":1,}', b"{,}", b"// x\n{}",
                b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32-be"), b"\x00", b"{}\x00", b"\xff\xfe", b"\x1f\x8b\x08\x00", b"-", b"{\"a\":01}",
                b'{"a":.5}', b'{"a":1.}', b'{"a":+1}', b'{"a":0x1}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":TRUE}',
            )
        ],
        # Text.
        *[
            json_case(f"text {text!r}", b'{"kind":"pharmacy","name":"' + text + b'","area_code":"511802001"}')
            for text in (
                b"\x00", b"\\u0000", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8", b"\\ud800", b"\\udc00\\ud800", b"\\ud83e", b"\\u12",
                b"\\x41", b"\n", b"\x1f", "张三".encode("gb18030"),
            )
        ],
        json_case("text of noncharacters", '{"kind":"pharmacy","name":"\ufffe\uffff","area_code":"x"}'.encode(), "422 stay"),
        json_case("a name with NUL", b'{"a\\u0000b":1}'),
        json_case("a name with a lone surrogate", b'{"\\ud800":1}'),
        json_case("an empty name", b'{"":1}'),
        json_case("__proto__", b'{"__proto__":{"x":1},"constructor":1}'),
        # Numbers.
        *[
            json_case(f"number {number[:24]!r}", b'{"name":' + number + b"}", "400|422 stay")
            for number in (b"9" * 5000, b"-" + b"9" * 400, b"1e308", b"1e-999", b"0." + b"0" * 5000 + b"1", b"1" + b"0" * 200_000, b"9223372036854775808", b"-0", b"1E+00000000000001")
        ],
        # Twice the same.
        json_case("a field twice", b'{"name":"a","name":"b"}'),
        json_case("a field twice by escapes", b'{"name":"a","n\\u0061me":"b"}'),
        json_case("a field thirty thousand times", b"{" + b",".join([b'"a":1'] * 30_000) + b"}"),
        json_case("thirty thousand fields", b"{" + b",".join(b'"%d":1' % n for n in range(25_000)) + b"}"),
        # Deep and large.
        json_case("lists in lists", b"[" * deep + b"]" * deep),
        json_case("lists that never end", b"[" * 2 * deep),
        json_case("objects in objects", b'{"a":' * 40_000 + b"1" + b"}" * 40_000),
        json_case("depth of 17", b'{"a":' + b"[" * 17 + b"]" * 17 + b"}"),
        json_case("depth of 127", b'{"a":' + b"[" * 126 + b"]" * 126 + b"}"),
        json_case("a text of 250,000 letters", b'{"name":"' + b"a" * 250_000 + b'"}', "422 stay"),
        json_case("a list of 100,000 items", b'{"name":[' + b",".join([b"1"] * 100_000) + b"]}", "422|400 stay"),
        json_case("spaces", b" " * 250_000 + b"{}", "422 stay"),
        json_case("one byte too many", b"{" + b" " * (256 * 1024 - 1) + b"}", "413 any"),
        json_case("as large as allowed", b"{" + b" " * (256 * 1024 - 2) + b"}", "422 stay"),
        # Batches and pushes: the larger bodies.
        json_case("a batch of wide items", b'{"items":[' + b",".join([b"{" + b",".join(b'"%d":1' % n for n in range(800)) + b"}"] * 480) + b"]}", "207|400 stay", target=b"/v1/places:batch"),
        json_case("a batch of deep items", b'{"items":[' + b",".join([b"[" * 14 + b"]" * 14] * 500) + b"]}", "207|400 stay", target=b"/v1/places:batch"),
        json_case("a batch of a million items", b'{"items":[' + b",".join([b"1"] * 1_000_000) + b"]}", "400|422 stay", target=b"/v1/places:batch"),
        json_case("a batch of lists in lists", b'{"items":' + b"[" * 2_000_000, "400 stay", target=b"/v1/places:batch"),
        json_case("a batch too large", b'{"items":[' + b" " * (4 << 20) + b"]}", "413 any", target=b"/v1/places:batch"),
        json_case("a push of a million items", b'{"device_id":"x","items":[' + b",".join([b"1"] * 1_000_000) + b"]}", "400|422 stay", target=b"/v1/sync/push"),
        json_case("a push of odd items", b'{"device_id":"x","items":[1,null,[],{},{"kind":"x"},{"kind":"screenings","op":"create","id":"x","body":{"a":"\\u0000"}}]}', "207|400|422 stay", target=b"/v1/sync/push"),
        json_case("a file that is none", bytes(range(256)) * 100, "200|400|422 any", target=b"/v1/imports?kind=places&validate_only=true", media=b"text/csv"),
        json_case("a workbook that is none", b"PK\x03\x04" + bytes(50_000), "400|422 any", target=b"/v1/imports?kind=places&validate_only=true", media=b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        json_case("a line that never ends", b'{"a":"' + b"x" * 3_000_000, "200|400|413|422 any", target=b"/v1/imports?kind=places&validate_only=true", media=b"application/x-ndjson"),
    ]
