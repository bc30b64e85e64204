"""Servers side by side: ocean, `popnull`, and Dovecot and nginx if they are installed and this runs as root.

They share core 0, and only one of them works at a time; the load is on core 1. OCEAN_BEFORE names the program of another
version, which then runs beside them.
"""
import json, os, resource, shutil, socket, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
OCEAN = os.environ.get("OCEAN", f"{here}/../.build/release/ocean")
BEFORE = os.environ.get("OCEAN_BEFORE")
CIPHER = "TLS_AES_128_GCM_SHA256"
USERS = 300


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


class Servers:
    """The running servers, by name: the process with all its children, and the port."""

    def __init__(self, directory, tls, core="0"):
        self.directory, self.tls, self.core, self.running = directory, tls, core, {}
        if tls:
            run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", "/CN=mail.example.org", "-addext", "subjectAltName=DNS:mail.example.org",
                "-keyout", f"{directory}/key.pem", "-out", f"{directory}/chain.pem", stderr=subprocess.DEVNULL)

    def start(self, name, port, *command):
        log = open(f"{self.directory}/{name}.log", "w")
        pinned = command if self.core is None else ("taskset", "-c", self.core, *command)
        process = subprocess.Popen(pinned, stderr=log, stdout=log)
        self.running[name] = process, port
        deadline = time.monotonic() + 20
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{name} does not start:\n" + open(log.name).read())
            time.sleep(0.1)

    def stop(self):
        for process, _ in self.running.values():
            process.terminate()
        for process, _ in self.running.values():
            process.wait()

    def start_ocean(self, mailboxes=None):
        """Starts ocean, and the other version if its mailboxes are given: it has its own."""
        if BEFORE and mailboxes:
            run(f"{here}/make-mailboxes", f"{self.directory}/before", *mailboxes)
            self.start_version("before", BEFORE, f"{self.directory}/before", 15110, 15995)
        self.start_version("ocean", OCEAN, self.directory, 11110, 11995)

    def start_version(self, name, program, directory, port, tls_port):
        with open(f"{directory}/ocean.yaml") as config:
            text = config.read().replace("11110", str(port))
        if self.tls:
            text += f"certificates: {{ main: {{ chain: {self.directory}/chain.pem, key: {self.directory}/key.pem }} }}\n"
            text += f"service_defaults: {{ tls: {{ explicit: optional, implicit: [{tls_port}] }} }}\n"
        with open(f"{directory}/ocean.yaml", "w") as config:
            config.write(text)
        self.start(name, tls_port if self.tls else port, program, "serve", f"{directory}/ocean.yaml")

    def start_popnull(self, messages, octets):
        null = f"{here}/popload/popnull"
        port = 12995 if self.tls else 12110
        files = (f"{self.directory}/chain.pem", f"{self.directory}/key.pem") if self.tls else ()
        self.start("popnull", port, null, str(port), str(messages), str(octets), *files)

    def start_dovecot(self, connections):
        if os.geteuid() != 0 or not shutil.which("dovecot"):
            return
        run("chown", "-R", "mail:mail", f"{self.directory}/mail")
        os.chmod(self.directory, 0o755)
        with open(f"{self.directory}/dovecot.conf", "w") as config:
            config.write(DOVECOT.format(directory=self.directory, connections=connections))
            config.write(DOVECOT_TLS.format(directory=self.directory) if self.tls else DOVECOT_PLAIN)
        self.start("dovecot", 13995 if self.tls else 13110, "dovecot", "-F", "-c", f"{self.directory}/dovecot.conf")

    def start_nginx(self):
        if os.geteuid() != 0 or not (shutil.which("nginx") and shutil.which("wrk")):
            return
        with open(f"{self.directory}/nginx.conf", "w") as config:
            listen = NGINX_TLS if self.tls else "    listen 127.0.0.1:14080 reuseport;\n"
            config.write((NGINX + listen + "  }}\n}}\n").format(directory=self.directory))
        self.start("nginx", 14995 if self.tls else 14080, "nginx", "-c", f"{self.directory}/nginx.conf")

    def load(self, name, *options):
        process, port = self.running[name]
        mode = ("tls", "--tls-version", "1.3", "--cipher", CIPHER) if self.tls else ("plain",)
        command = f"{here}/popload/popload", "--mode", *mode, "--port", str(port), "--pid", str(process.pid), *options
        result = json.loads(subprocess.run(("taskset", "-c", "1", *command), capture_output=True, text=True).stdout)
        if result["errors"]:
            sys.exit(f"{name}: {result}")
        return result

    def cpu(self, name):
        """Returns the CPU seconds that the process and its living children have used."""
        total = 0
        for pid in family(self.running[name][0].pid):
            fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total


def family(pid):
    children = open(f"/proc/{pid}/task/{pid}/children").read().split()
    return [pid] + [member for child in children for member in family(int(child))]


# Configured for speed above all: no process is made for a session, no password file is read twice, nothing is
# marked as seen, an unchanged Maildir is not searched.
DOVECOT = """
base_dir = {directory}/dovecot
state_dir = {directory}/dovecot-state
log_path = {directory}/dovecot-messages.log
protocols = pop3
listen = 127.0.0.1
auth_cache_size = 16 M
auth_cache_ttl = 1 hour
auth_cache_verify_password_with_worker = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {directory}/users.passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={directory}/mail/%u
}}
first_valid_uid = 1
mail_location = maildir:{directory}/mail/%u
mail_max_userip_connections = 0
mail_fsync = never
maildir_very_dirty_syncs = yes
pop3_no_flag_updates = yes
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  process_limit = 1
  client_limit = {connections}
  vsz_limit = 2 G
}}
service pop3 {{
  service_count = 0
  process_min_avail = 8
  process_limit = {connections}
}}
service auth {{
  client_limit = {connections}
}}
service anvil {{
  client_limit = {connections}
}}
default_vsz_limit = 1 G
default_client_limit = {connections}
"""

DOVECOT_TLS = """
ssl = required
ssl_cert = <{directory}/chain.pem
ssl_key = <{directory}/key.pem
ssl_cipher_suites = TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = 13995
    ssl = yes
  }}
}}
"""

DOVECOT_PLAIN = """
ssl = no
disable_plaintext_auth = no
service pop3-login {
  inet_listener pop3 {
    port = 13110
  }
  inet_listener pop3s {
    port = 0
  }
}
"""

NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-messages.log;
events {{ worker_connections 1000; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  server {{
    root {directory}/web/mail;
"""

NGINX_TLS = """\
    listen 127.0.0.1:14995 ssl reuseport;
    ssl_certificate {directory}/chain.pem;
    ssl_certificate_key {directory}/key.pem;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
"""


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def table(rows, unit, reference):
    """Prints medians and ranges, and the ratio to `reference` round by round."""
    for name, values in rows.items():
        line = f"{name:8} {statistics.median(values):9.2f} {unit}   {min(values):.2f} to {max(values):.2f}"
        if name != reference and reference in rows:
            ratios = [a / b for a, b in zip(values, rows[reference])]
            line += f"   {statistics.median(ratios):.2f} times {reference} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line)


def compare_with(rows, name, unit):
    """Prints ocean once more beside another server, if that runs."""
    if name in rows:
        table({name: rows[name], "ocean": rows["ocean"]}, unit, name)


def sessions(servers, options, *extra):
    mailboxes = str(USERS), "20", "4096"
    run(f"{here}/make-mailboxes", servers.directory, *mailboxes)
    servers.start_popnull(20, 4096)
    servers.start_dovecot(4096)
    servers.start_ocean(mailboxes)
    load = "--users", str(USERS), "--concurrency", "64", *extra
    # Reads all mailboxes once, and lets their folders grow older than the granularity of time stamps.
    for name in servers.running:
        servers.load(name, *load, "--duration", "3")
    rows = {name: [] for name in servers.running}
    for _ in range(options.rounds):
        for name in rows:
            result = servers.load(name, *load, "--duration", str(options.seconds), "--warmup", "1")
            if extra and result["resumed"] < 0.9 * result["handshakes"]:
                sys.exit(f"{name} does not resume")
            rows[name].append(result["server_cpu_us_per_session"])
    table(rows, "us of server CPU a session", "popnull")
    compare_with(rows, "before", "us of server CPU a session")


def transfer(servers, options):
    # nginx gets its own copy of the files, because ocean renames messages that were fetched.
    mailboxes = "8", "125", "65536"
    for directory in (servers.directory, f"{servers.directory}/web"):
        run(f"{here}/make-mailboxes", directory, *mailboxes)
    servers.start_nginx()
    servers.start_dovecot(4096)
    servers.start_ocean(mailboxes)
    with open(f"{servers.directory}/files.lua", "w") as script:
        paths = [f"/user{user:04d}/new/{1700000000 + n}.M{n:06d}P1.host" for user in range(8) for n in range(125)]
        script.write("paths = {" + ",".join(f'"{path}"' for path in paths) + "}\nn = 0\n")
        script.write('request = function() n = n % #paths + 1; return wrk.format("GET", paths[n]) end\n')
    load = "--users", "8", "--concurrency", "8", "--script", "fetch"
    rows = {name: [] for name in servers.running}
    rates = {name: [] for name in servers.running}
    for round in range(options.rounds + 1):
        for name in rows:
            before, start = servers.cpu(name), time.monotonic()
            if name == "nginx":
                output = run(
                    "taskset", "-c", "1", "wrk", "-t1", "-c8", f"-d{options.seconds}", "-s", f"{servers.directory}/files.lua",
                    f"http{'s' if servers.tls else ''}://127.0.0.1:{servers.running[name][1]}", capture_output=True, text=True).stdout
                octets = 65536 * int(output.split(" requests in")[0].split()[-1])
            else:
                octets = servers.load(name, *load, "--duration", str(options.seconds))
                octets = octets["mb_per_s"] * octets["seconds"] * 1e6
            seconds, used = time.monotonic() - start, servers.cpu(name) - before
            if round > 0:
                rows[name].append(octets / used / 1e6)
                rates[name].append(octets / seconds / 1e6)
    table(rows, "MB a second of server CPU", "nginx")
    compare_with(rows, "dovecot", "MB a second of server CPU")
    compare_with(rows, "before", "MB a second of server CPU")
    table(rates, "MB a second, as far as the load went", "nginx")


def idle(servers, options):
    count = str(options.connections)
    mailboxes = count, "20", "1024"
    run(f"{here}/make-mailboxes", servers.directory, *mailboxes)
    servers.start_popnull(20, 1024)
    if options.connections <= 1000:  # a process for each
        servers.start_dovecot(options.connections + 100)
    servers.start_ocean(mailboxes)
    for name in servers.running:
        load = "--users", count, "--concurrency", count, "--script", "hold", "--hold-secs", "2", "--timeout", "120"
        result = servers.load(name, *load)
        each = result["per_conn_kb"]
        print(f"{name:8} {each['private']:8.1f} KiB private, {each['pss']:.1f} proportional, {result['held_at_end']} held")


def measure(kind, options, tls, core="0"):
    """Runs one of the measurements above, with its own servers."""
    run("make", "-s", "-C", f"{here}/popload")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory() as directory:
        servers = Servers(directory, tls, core)
        try:
            kind(servers, options)
        finally:
            servers.stop()
