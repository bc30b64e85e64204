import Foundation
import Testing

/// A mail host of its own, as the documents have it: /etc/ocean, a user vmail, 192.0.2.10, clients from anywhere. What
/// runs in it has its own mounts and network, so nothing of this host is touched. It needs root.
final class MailHost {
  let workspace: Workspace
  private let holder: Command
  private var others: [Command] = []

  /// - Parameters:
  ///   - config: what is in /etc/ocean/ocean.yaml.
  ///   - files: others beside it, in the folders `domains`, `lists` and `tests`.
  ///   - days: how long the certificate is valid.
  init(config: String, files: [String: String] = [:], days: Int = 825) throws {
    workspace = try Workspace()
    try workspace.write(config, to: "etc.yaml")
    for (name, text) in files {
      try FileManager.default.createDirectory(
        at: (workspace.directory / name).deletingLastPathComponent(), withIntermediateDirectories: true)
      try workspace.write(text, to: name)
    }
    try workspace.write(Self.setup, to: "setup.sh")
    let program = URL(filePath: try oceanBinary()).deletingLastPathComponent().path
    holder = try Command(
      "unshare",
      [
        "-mnu", "sh", workspace.path("setup.sh"), workspace.directory.path, program, "\(days)",
        Workspace.secret,
      ],
      directory: workspace.directory)
    try eventually("a mail host: \(holder.errorOutput)") {
      guard holder.isRunning else { throw Failure("no mail host:\n\(holder.output)\(holder.errorOutput)") }
      return holder.output.contains("ready") ? true : nil
    }
  }

  /// Makes the host. Each step is undone when the last process in it ends.
  private static let setup = #"""
    set -eu
    cd "$1"
    ip link set lo up
    ip addr add 192.0.2.10/32 dev lo
    ip addr add 2001:db8::10/128 dev lo
    # Clients are not this host: their networks lead here, but are not addresses of an interface.
    for net in 203.0.113.0/24 198.51.100.0/24 192.0.2.32/29; do ip route add local $net dev lo; done
    mkdir etc var program
    cp -a /etc/. etc
    rm -rf etc/ocean etc/letsencrypt etc/dovecot etc/mailname
    hostname mail.example.org
    echo '192.0.2.10 mail.example.org mail' >>etc/hosts
    echo 'vmail:x:990:990::/nonexistent:/usr/sbin/nologin' >>etc/passwd
    echo 'vmail:x:990:' >>etc/group
    mkdir -p etc/ocean var/lib/ocean var/log/ocean var/mail/vhosts/example.org
    cp etc.yaml etc/ocean/ocean.yaml
    for name in domains lists tests; do [ ! -d "$name" ] || cp -r "$name" etc/ocean; done
    mount --bind etc /etc
    mount --bind var /var
    mount --bind "$2" program
    cd /etc/ocean
    "$2"/ocean cert new mail.example.org --days "$3" --out tls >/dev/null
    cp tls/mail.example.org.crt tls/fullchain.pem
    cp tls/mail.example.org.key tls/privkey.pem
    (umask 077 && printf '# accounts\n\n' >users.passwd)
    for user in anna berta clara; do echo "$user:{PLAIN}$4::::::" >>users.passwd; done
    for folder in new cur tmp; do mkdir -p /var/mail/vhosts/example.org/anna/Maildir/$folder; done
    chown vmail:vmail tls/*.key tls/privkey.pem users.passwd /var/log/ocean
    chown -R vmail:vmail /var/mail/vhosts /var/lib/ocean
    chmod 750 /var/lib/ocean
    echo ready
    exec sleep 1000
    """#

  /// What `sudo` means to root; not every host has it.
  private static let sudo = """
    sudo() {
      if [ "$1" = -u ]; then
        user=$2
        shift 2
        runuser -u "$user" -- "$@"
      else
        "$@"
      fi
    }

    """

  /// Starts a command of a shell, in /etc/ocean.
  func start(_ command: String) throws -> Command {
    let started = try Command(
      "nsenter",
      [
        "-t", "\(holder.pid)", "-m", "-n", "-u", "sh", "-c",
        "\(Self.sudo)cd /etc/ocean && PATH=\"\(workspace.path("program")):$PATH\" && \(command)",
      ], environment: ["TERM": "dumb"], directory: workspace.directory)
    others.append(started)
    return started
  }

  /// Runs a command of a shell, and returns what a terminal would show.
  func run(_ command: String) throws -> String {
    let run = try start("{ \(command)\n} 2>&1")
    try run.wait()
    return run.output
  }

  /// Writes the config, or another file in /etc/ocean.
  func write(_ text: String, to name: String = "ocean.yaml") throws {
    try workspace.write(text, to: "etc/ocean/\(name)")
  }

  @discardableResult
  func serve() throws -> Command {
    let server = try start("exec ocean serve ocean.yaml")
    try eventually("the server serves") {
      guard server.isRunning else { throw Failure("no server:\n\(server.errorOutput)") }
      return server.errorOutput.contains("\"serving\"") ? true : nil
    }
    return server
  }

  /// A client that has logged in and stays.
  func logIn(_ user: String, from address: String) throws {
    let client = try start(
      "(printf 'USER \(user)\\r\\nPASS \(Workspace.secret)\\r\\n'; exec sleep 1000) | "
        + "openssl s_client -connect 192.0.2.10:995 -bind \(address) -quiet")
    try eventually("\(user) is logged in") { client.output.contains(" messages ") ? true : nil }
  }

  /// Logs in with wrong passwords, one after the other.
  func guess(_ count: Int, from address: String) throws -> Command {
    try workspace.write(Self.guesses, to: "guess.py")
    return try start("exec python3 \(workspace.path("guess.py")) \(address) \(count)")
  }

  private static let guesses = """
    import socket, ssl, sys
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for number in range(int(sys.argv[2])):
        plain = socket.create_connection(('192.0.2.10', 995), 60, (sys.argv[1], 0))
        with context.wrap_socket(plain) as client:
            lines = client.makefile('rw', newline='\\r\\n')
            lines.readline()
            for command in 'USER anna', 'PASS wrong%d' % number:
                lines.write(command + '\\n')
                lines.flush()
                lines.readline()
    """
}
