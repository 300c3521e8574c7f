"""The app behind nginx as students meet it: what is sent, what is refused, and what is left when a process dies."""

import base64
import hashlib
import re
import threading
import time
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import streamlit
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from explainers import LESSONS
from explainers.text import prose, words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser
EN = words("en")
STATIC = Path(streamlit.__file__).parent / "static"


def ask(url, method="GET", data=None, **headers):
    """Status and headers of an answer, also of a refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=data, method=method, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers


class Student(Visit):
    """A visitor who also tells which process holds the session."""

    def __init__(self, browser, hosted, path, **options):
        self.hosted = hosted
        before = self.sessions()
        super().__init__(browser, f"{hosted.url}{path}", shown="h1", **options)
        (self.port,) = (port for port, count in self.sessions().items() if count > before[port])

    def sessions(self):
        return {port: self.hosted.sessions(port) for port in self.hosted.ports}

    def back(self, seconds=20):
        """How long until a process has begun a session for this tab: no more than so many seconds."""
        start, before = time.monotonic(), self.sessions()
        while not (there := [port for port, count in self.sessions().items() if count > before[port]]):
            assert time.monotonic() - start < seconds
            time.sleep(0.05)
        took = time.monotonic() - start
        (self.port,) = there
        self.page.wait_for_timeout(500)
        self.settle()
        return took


def lost(student):
    """What the browser says of a server that is gone is no fault; anything else is."""
    wrong = [one for one in student.wrong if not re.search("disconnected from server|WebSocket|50[24]", one)]
    student.wrong.clear()
    return wrong


def another(hosted, port):
    return next(other for other in hosted.ports if other != port)


def test_the_page_comes_with_its_headers_and_a_seat(hosted):
    for path in ("/", "/softmax?z0=5", "/nothing_of_this_name"):
        status, headers = ask(f"{hosted.url}{path}")
        assert status == 200
        assert headers["Cache-Control"] == "no-cache"
        assert re.fullmatch("seat=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", headers["Set-Cookie"])
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
        assert headers["Server"] == "nginx"
    secure = ask(hosted.url, X_Forwarded_Proto="https")[1]["Set-Cookie"]
    assert secure.endswith("SameSite=None; Secure; Partitioned")
    seat = secure.partition(";")[0]
    assert ask(hosted.url, Cookie=seat)[1]["Set-Cookie"] is None


def test_the_one_inline_script_of_streamlit_is_the_one_that_is_allowed(hosted):
    inline = re.findall(r"<script>(.*?)</script>", (STATIC / "index.html").read_text(encoding="utf-8"), re.S)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    policy = ask(hosted.url)[1]["Content-Security-Policy"]
    assert re.findall("'sha256-(.*?)'", policy) == hashes


def test_streamlits_files_are_compressed_and_kept(hosted):
    scripts = sorted((STATIC / "static/js").glob("*.js"), key=lambda file: file.stat().st_size)
    whole = scripts[-1].stat().st_size
    status, headers = ask(f"{hosted.url}/static/js/{scripts[-1].name}", Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert int(headers["Content-Length"]) < whole / 2
    assert headers["Cache-Control"] == "public, immutable, max-age=31536000"
    assert headers["Set-Cookie"] is None
    assert int(ask(f"{hosted.url}/static/js/{scripts[-1].name}")[1]["Content-Length"]) == whole
    status, headers = ask(f"{hosted.url}/static/js/nothing.js")
    assert (status, headers["Cache-Control"]) == (404, None)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/_stcore/upload_file/session/file", "PUT", 403),
        ("/_stcore/upload_file/session/file", "DELETE", 403),
        ("/_stcore/metrics", "GET", 403),
        ("/_stcore/script-health-check", "GET", 403),
        ("/_stcore/agent/interact", "POST", 403),
        ("/softmax/_stcore/health", "GET", 404),
        ("/", "POST", 403),
        ("/_stcore/health", "GET", 200),
    ],
)
def test_what_the_app_does_not_use_is_closed(hosted, path, method, status):
    assert ask(f"{hosted.url}{path}", method)[0] == status


def test_a_body_is_refused_before_it_is_read(hosted):
    assert ask(f"{hosted.url}/_stcore/host-config", "POST", data=bytes(20_000))[0] == 413


@pytest.mark.parametrize("slug", ["", *LESSONS, "practice"])
def test_every_page_opens_by_link_with_nothing_blocked(browser, hosted, slug):
    student = Student(browser, hosted, f"/{slug}?lang=zh&predict=false&step=all")
    student.heading(prose(slug or "home", "zh").title)
    student.done()


def test_no_file_is_asked_for_where_none_is_taken(browser, hosted):
    student = Student(browser, hosted, "/clinic?lang=en&predict=false&clinic_case=own")
    expect(student.page.locator("textarea").first).to_be_visible()
    expect(student.page.get_by_test_id("stFileUploader")).to_have_count(0)
    student.done()


def test_a_student_keeps_the_seat(browser, hosted):
    student = Student(browser, hosted, "/softmax?lang=en&predict=false")
    before = student.sessions()
    for _ in range(4):
        student.page.reload()
        student.settle(".picture")
    assert student.sessions() == before | {student.port: before[student.port] + 4}
    student.done()


def test_a_course_page_of_another_host_may_frame_the_app(browser, hosted, tmp_path):
    frame = f"<iframe src='{hosted.url}/softmax?embed=true&z0=5' width=1000 height=700></iframe>"
    (tmp_path / "index.html").write_text(frame, encoding="utf-8")
    course = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=course.serve_forever).start()
    page = browser.new_page(locale="en-US")
    page.goto(f"http://localhost:{course.server_port}")  # to a browser another host than 127.0.0.1
    inside = page.frame_locator("iframe")
    expect(inside.locator(".grip").first).to_have_attribute("aria-valuenow", "5", timeout=30_000)
    inside.locator(".grip").first.press("ArrowRight")
    expect(inside.locator(".grip").first).to_have_attribute("aria-valuenow", "5.1")
    page.close()
    course.shutdown()


def work(student):
    """What a student does on a lesson: the board by hand, a slider, a step."""
    student.bar("cat").focus()
    student.page.keyboard.press("ArrowRight")
    student.page.wait_for_url(re.compile("z0=2.1"))
    student.settle()
    student.page.keyboard.press("Alt+ArrowRight")  # turns the step and leaves the bar alone
    student.page.wait_for_url(re.compile("step="))
    student.settle()
    heat = student.page.locator(f"input[type=range][aria-label='{EN['temperature']}']")
    heat.focus()
    heat.press("ArrowRight")
    student.page.wait_for_url(re.compile(r"[?&]t=1\.01"))
    student.settle()


def shown(student):
    headings = student.page.locator("h3").all_inner_texts()
    return student.page.url, student.said(), headings


def test_when_a_process_dies_its_students_go_on_at_another(browser, hosted):
    student = Student(browser, hosted, "/softmax?lang=en&predict=false&classes=cat,dog,bird&label=1")
    work(student)
    before, home = shown(student), student.port
    assert "cat: z 2.1" in before[1][0]
    hosted.kill(home)
    print(f"\nback after {student.back():.2f} s")
    assert shown(student) == before
    assert lost(student) == []
    student.page.reload()
    student.settle(".picture")
    assert shown(student) == before
    hosted.revive()

    # the seat is at the first process again, the session at the second: a file that this makes is found all the same
    with student.page.expect_download() as download:
        student.page.get_by_role("button", name=EN["more"]).click()
        student.page.get_by_role("button", name=EN["download"]).click()
    assert "cat,2.1" in Path(download.value.path()).read_text(encoding="utf-8")
    student.bar("cat").focus()
    student.page.keyboard.press("ArrowRight")
    student.page.wait_for_url(re.compile("z0=2.2"))
    student.done()


def test_what_was_typed_is_still_there_at_another_process(browser, hosted):
    student = Student(browser, hosted, "/clinic?lang=en&predict=false&clinic_case=own")
    box = student.page.locator("textarea").first
    box.fill("[[1.5, 2.5, 4.5], [0.5, 0.25, 0.125]]")
    box.press("Control+Enter")
    expect(student.page.locator(".picture").first).to_be_visible()
    student.settle()
    before, home = student.said(), student.port
    assert "4.5" in before[0]
    hosted.kill(home)
    student.back()
    assert student.said() == before
    expect(box).to_have_value("[[1.5, 2.5, 4.5], [0.5, 0.25, 0.125]]")
    assert lost(student) == []
    student.done()


def test_when_everything_restarts_the_open_tab_comes_back_as_it_was(browser, hosted):
    student = Student(browser, hosted, "/softmax?lang=en&predict=false&classes=cat,dog,bird&label=1")
    work(student)
    before = shown(student)
    for port in hosted.ports:
        hosted.kill(port)
    expect(student.page.get_by_test_id("stConnectionStatus")).to_be_visible()
    for port in hosted.ports:
        hosted.start(port)
    print(f"\nback after {student.back(seconds=60):.2f} s, of which a process needs a part to start")
    assert shown(student) == before
    assert lost(student) == []
    student.done()


def until_closed(socket, frame):
    socket.send(frame)
    while True:
        socket.recv(timeout=30)


@pytest.mark.parametrize("megabytes", [20, 200])
def test_a_huge_frame_ends_its_sender_and_nobody_else(browser, hosted, megabytes):
    student = Student(browser, hosted, "/softmax?lang=en&predict=false")
    message = BackMsg()
    message.rerun_script.widget_states.widgets.add(id="paste", string_value="7" * (megabytes * 10**6))
    stream = f"{hosted.url.replace('http', 'ws')}/_stcore/stream"
    with connect(stream, subprotocols=["streamlit"], max_size=None) as socket, pytest.raises(ConnectionClosed):
        until_closed(socket, message.SerializeToString())
    assert [hosted.apps[port].poll() for port in hosted.ports] == [None, None]
    student.bar("A").focus()
    student.page.keyboard.press("ArrowRight")
    student.page.wait_for_url(re.compile("z0=2.1"))
    student.done()
