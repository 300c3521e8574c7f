"""The app as deploy/ hosts it: nginx from the system in front of app processes, all on free ports of this machine."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
MAIN = """daemon off; worker_processes 1; pid $folder/pid; error_log $folder/error.log;
events { worker_connections 4096; }
http {
    include /etc/nginx/mime.types; access_log off;
    client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
    scgi_temp_path $folder; uwsgi_temp_path $folder;
    include $folder/site.conf;
}
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.read() == b"ok"
    except OSError:
        return False


class Hosted:
    """`apps` processes behind nginx; `url` is what students open."""

    def __init__(self, apps=2):
        self.ports = [free_port() for _ in range(apps)]
        self.apps = {}
        self.url = f"http://127.0.0.1:{free_port()}"

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp())
        try:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            command = [ROOT / "deploy/static", self.folder / "static"]
            subprocess.run(command, env=os.environ | {"PATH": path}, check=True)
            (self.folder / "site.conf").write_text(self.site(), encoding="utf-8")
            (self.folder / "nginx.conf").write_text(Template(MAIN).substitute(folder=self.folder), encoding="utf-8")
            nobody = {}
            if os.geteuid() == 0:  # a host runs it without rights, and so does this
                nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
                shutil.chown(self.folder, "nobody", "nogroup")
            for port in self.ports:
                self.start(port)
            command = [NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
            self.nginx = subprocess.Popen(command, **nobody)
            for port in self.ports:
                self.wait(port)
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes = [*self.apps.values(), *([self.nginx] if hasattr(self, "nginx") else [])]
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)
        shutil.rmtree(self.folder)

    def site(self):
        """deploy/nginx.conf.template, filled in as envsubst does: what has braces and a name that is known."""
        text = (ROOT / "deploy/nginx.conf.template").read_text(encoding="utf-8")
        apps = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in self.ports)
        values = {"LISTEN": self.url.removeprefix("http://"), "APPS": apps, "STATIC": str(self.folder / "static")}
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def start(self, port):
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        command += ["--server.address", "127.0.0.1", "--server.maxUploadSize", "0"]
        self.apps[port] = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, port):
        self.apps[port].kill()
        self.apps[port].wait()

    def wait(self, port=None):
        """Until a process, or else the whole, says that it is well."""
        url = f"http://127.0.0.1:{port}" if port else self.url
        for _ in range(600):
            if answers(f"{url}/_stcore/health"):
                return
            time.sleep(0.1)
        raise RuntimeError(f"{url} did not start within 60 s")

    def revive(self):
        """Start what was killed."""
        for port in [port for port, process in self.apps.items() if process.poll() is not None]:
            self.start(port)
            self.wait(port)

    def sessions(self, port):
        """How many sessions a process has begun: none if it is not there."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/metrics", timeout=5) as answer:
                said = answer.read().decode()
        except OSError:
            return 0
        return int(re.search(r'session_events_total{type="connect"} (\d+)', said)[1])
