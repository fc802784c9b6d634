"""Looks at the page of `dividere serve` in a real browser: page_test.py <program> <echo_process> <folder for a screenshot>.

Skipped where there is no chromedriver (apt-get install chromium chromium-driver).
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

TOOL, SERVICE, FOLDER = sys.argv[1:4]
HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 200  # seconds, for what is going to happen
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id, by the W3C's WebDriver

driver_path = shutil.which("chromedriver")
if not driver_path:
    print("SKIPPED: there is no chromedriver (apt-get install chromium chromium-driver)")
    sys.exit(77)

running = []


def start(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    running.append(process)
    return process


class Browser:
    """A page in a browser, by the W3C's WebDriver protocol."""

    def __init__(self, profile):
        driver = start(driver_path, "--port=0")
        line = ""
        while not (port := re.search(r"started successfully on port (\d+)", line)):
            line = driver.stdout.readline()
            assert line, "chromedriver has not started"
        self.url = f"http://127.0.0.1:{port[1]}/session"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1100,900", f"--user-data-dir={profile}"]
        options = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
        self.url += "/" + self.ask("POST", "", options)["sessionId"]
        self.ask("POST", "/timeouts", {"script": LIMIT * 1000})

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=2 * LIMIT) as reply:
            return json.load(reply)["value"]

    def script(self, text):
        return self.ask("POST", "/execute/sync", {"script": text, "args": []})

    def until(self, expression):
        """What the expression is, once a change of the page makes it true."""
        look = f"""
            const done = arguments[0], observer = new MutationObserver(check);
            function check() {{
              const value = {expression};
              if (value) {{ observer.disconnect(); done(value); }}
            }}
            observer.observe(document, {{subtree: true, childList: true, characterData: true, attributes: true}});
            check();"""
        try:
            return self.ask("POST", "/execute/async", {"script": look, "args": []})
        except urllib.error.HTTPError as error:
            page = self.script("return document.body.innerText")
            raise AssertionError(f"never true: {expression}\n{error.read().decode()}\n{page}") from error

    def element(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]


def check(profile):
    registry = start(TOOL, "registry", "--port", "0")
    port = re.match(r"registry on (\d+)", registry.stdout.readline())[1]
    where = ("--registry", f"localhost:{port}")
    service = start(SERVICE, "demo.Echo", port, "5000", "hello ")
    assert service.stdout.readline() == "ready\n"
    url = start(TOOL, *where, "serve", "--port", "0").stdout.readline().strip()

    browser = Browser(profile)
    browser.ask("POST", "/url", {"url": url})
    in_map = "[...document.querySelectorAll('#map text')].some(text => text.textContent === '%s')"
    browser.until(in_map % "demo.Echo")

    # The map shows who comes and goes, and how busy it is.
    publisher = start(TOOL, *where, "pub", "robots.r2", "robot.Pose", "{}", "-n", "0", "-r", "20", "-w", "0", "--proto",
                      os.path.join(HERE, "robot.proto"))
    browser.until(in_map % "robots.r2")
    browser.until("[...document.querySelectorAll('#things tr')].some(row => row.cells[0].textContent === 'robots.r2' "
                  "&& Number(row.cells[5].textContent) > 1)")
    with open(os.path.join(FOLDER, "page.png"), "wb") as file:
        file.write(base64.b64decode(browser.ask("GET", "/screenshot")))
    publisher.send_signal(signal.SIGINT)
    browser.until("!(" + in_map % "robots.r2" + ")")

    # The form calls.
    browser.until("document.getElementById('method').value === 'Msg01'")
    box = browser.element("#json")
    browser.ask("POST", f"/element/{box}/clear", {})
    browser.ask("POST", f"/element/{box}/value", {"text": '{"field1": "page"}'})
    browser.ask("POST", f"/element/{browser.element('#form button')}/click", {})
    browser.until("document.getElementById('reply').textContent.includes('hello page')")
    assert not browser.script("return document.getElementById('problem').textContent")
    browser.ask("DELETE", "")


def end_all():
    for process in running:  # and the browser, which is a child of one
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


os.makedirs(FOLDER, exist_ok=True)
# Of a browser that was killed, something may still write there.
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    try:
        check(profile)
    finally:
        end_all()
print("the page shows who comes and goes, and calls")
