import Foundation
import TestSupport
import Testing

/// Tests that a config starts and serves if `check` exits with 0 and could check everything; on any host,
/// with anything in place of its files.
///
/// OCEAN_CONFIGS=1000 in the environment tries that many configs, OCEAN_SEED=7 begins with that seed.
@Suite struct ServePropertyTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let first = environment["OCEAN_SEED"].flatMap(UInt64.init) ?? 1
  private static let count = environment["OCEAN_CONFIGS"].flatMap(UInt64.init) ?? 40
  /// How many are tried side by side.
  private static let batches: UInt64 = 4

  @Test(arguments: 0..<batches)
  func `what check leaves without a word against it serves`(batch: UInt64) throws {
    var served = 0
    var refused = 0
    for seed in (Self.first..<Self.first + Self.count) where seed % Self.batches == batch {
      let host = try GeneratedHost(seed: seed)
      let check = try host.workspace.ocean("check", host.config)
      let serve = try Command(
        try oceanBinary(), ["serve", host.config], directory: host.workspace.directory)
      // Any config starts or ends, and never just waits.
      let isServing = try eventually("seed \(seed): a server that starts or ends", within: 60) {
        serve.errorOutput.contains("\"message\":\"serving\"") ? true : serve.isRunning ? nil : false
      }
      let text = "seed \(seed)\n\(host.text)\n\(check.output)\(serve.errorOutput)"
      if check.status == .exited(0), !check.output.contains("not checked") {
        #expect(isServing, "valid, and does not start: \(text)")
        #expect(!isServing || host.isGreeted, "valid, and greets nobody: \(text)")
      }
      if isServing { served += 1 } else { refused += 1 }
      serve.signal(SIGTERM)
      #expect(try serve.wait(within: 30) == (isServing ? .exited(0) : .exited(1)), "\(text)")
    }
    // Otherwise the test has tried nothing.
    if Self.count >= 40 { #expect(served > 0 && refused > 0) }
  }
}

/// A config and the files it names. Each file may be something other than it should be; most are as they
/// should be.
private struct GeneratedHost {
  let workspace: Workspace
  let text: String
  private let port: Int
  private var random: SeededGenerator

  var config: String { workspace.path("ocean.yaml") }

  /// Whether a client is greeted on the port, or let in and closed as the rules want it.
  var isGreeted: Bool { (try? POP3Client(workspace.address, port: port)) != nil }

  init(seed: UInt64) throws {
    workspace = try Workspace()
    var random = SeededGenerator(seed: seed)
    port = geteuid() == 0 && Int.random(in: 0..<6, using: &random) == 0 ? 110 : Workspace.port
    let maker = Maker(workspace)
    func pick(_ usual: String, _ others: String...) -> String {
      Int.random(in: 0..<6, using: &random) < 4 ? usual : others.randomElement(using: &random) ?? usual
    }

    let isRoot = geteuid() == 0
    let user = isRoot ? pick("games", "", "", "root", "no-such-user") : ""
    let state = pick(
      "state", "left", "shut", "missing", "file", String(repeating: "long", count: 24), "root-left",
      "odd-ocean.lock", "odd-mailbox.locks", "odd-locks", "odd-index", "odd-plans", "odd-blocks",
      "odd-control.sock", "damaged")
    var lines = [
      "version: 1",
      "server:", "  hostname: \(pick("mail.example.org", "localhost"))",
      "  bind: [\(workspace.address)\(pick("", ", \(workspace.address)"))]",
      "  state: \(try maker.state(state, user: user))", "  drain_timeout: 0s",
    ]
    if !user.isEmpty { lines.append("  user: \(user)") }
    if Bool.random(using: &random) { lines.append("  default_domain: example.org") }
    let log = pick(
      "log", "none", "fifo", "directory", "link", "device", "missing", "sealed", "dangling", "long")
    if let path = try maker.log(log, user: user) { lines.append("log: { access: \(path) }") }
    let accounts = pick(
      "users", "fifo", "empty", "directory", "missing", "dovecot", "garbage", "socket", "device")
    lines.append("accounts: { main: { passwd_file: \(try maker.accounts(accounts, user: user)) } }")
    let maildir = pick("mail/{domain}/{user}", "{home}/Maildir", "mail/{user}", "/{user}")
    let uidl = pick("ocean", "dovecot", "courier", "{ dovecot: \"%v.%u\" }")
    lines.append("mail: { maildir: \"\(maildir)\", uidl: \(uidl) }")

    let profile = pick("intermediate", "modern", "legacy")
    var service = [
      "ports: [\(port)]", "plaintext_login: \(pick("always", "loopback", "never", "[192.0.2.0/24]"))",
    ]
    if Int.random(in: 0..<3, using: &random) > 0 {
      let kinds = (0..<Int.random(in: 1...2, using: &random)).map { _ in
        pick(
          "self-signed", "request", "pkcs7", "mismatch", "encrypted", "curve", "rsa1024", "rsa2048",
          "expired",
          "nameless", "one-file", "fifo", "der", "empty", "brainpool", "ed25519", "leaf", "no-key", "dsa")
      }
      lines.append("certificates:")
      for (index, kind) in kinds.enumerated() {
        let (chain, key) = try maker.certificate(kind, index, user: user)
        lines.append("  c\(index): { chain: \(chain), key: \(key) }")
      }
      let explicit = pick("optional", "required", "off")
      let names = kinds.indices.map { "c\($0)" }.joined(separator: ", ")
      service.append(
        "tls: { explicit: \(explicit), implicit: \(pick("[]", "[1995]")), certificate: [\(names)], profile: \(profile) }"
      )
    }
    let list = pick("list", "fifo", "missing", "bad", "directory", "empty", "device")
    let entries = "[{ file: \(try maker.list(list, user: user)) }]"
    if Bool.random(using: &random) {
      service.append(
        "ip_control: { default: \(pick("allow", "refuse")), \(pick("black_list", "white_list")): \(entries) }"
      )
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      service.append("proxy_from: \(pick("[192.0.2.1]", entries))")
    }
    lines += ["services:", "  pop3:"] + service.map { "    " + $0 }
    text = lines.joined(separator: "\n") + "\n"
    self.random = random
    try workspace.write(text, to: "ocean.yaml")
  }
}

/// Makes the things that a config names, each by a word for its kind.
private struct Maker {
  let workspace: Workspace

  init(_ workspace: Workspace) { self.workspace = workspace }

  private func shell(_ script: String) throws {
    let run = try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)' && { \(script)\n}"])
    guard run.status == .exited(0) else { throw Failure("\(script)\n\(run.errorOutput)") }
  }

  private func give(_ name: String, to user: String) throws {
    guard user == "games" else { return }
    try shell("chown -R games:games \(name)")
  }

  func state(_ kind: String, user: String) throws -> String {
    switch kind {
    case "missing": return "nowhere/state"
    case "file": try workspace.write("", to: "file")
    case "shut":
      try shell("mkdir -p shut/state && chmod 700 shut")
      return "shut/state"
    case "left", "root-left":
      try shell(
        "mkdir \(kind) && mkdir \(kind)/plans \(kind)/index && touch \(kind)/ocean.lock \(kind)/blocks")
      if kind == "left" {
        try give(kind, to: user)
      } else if user == "games" {
        try shell("chown games \(kind)")
      }
    case "damaged":
      try shell(
        "mkdir -p damaged/plans && : > damaged/plans/000007.json && head -c 99 /dev/zero > damaged/plans/000006.json"
      )
      try give(kind, to: user)
    case _ where kind.hasPrefix("odd-"):
      try shell("mkdir -p \(kind) && mkfifo \(kind)/\(kind.dropFirst(4)) && mkdir \(kind)/control.sock.new")
      try give(kind, to: user)
    default:
      try shell("mkdir -p \(kind)")
      try give(kind, to: user)
    }
    return kind
  }

  func log(_ kind: String, user: String) throws -> String? {
    switch kind {
    case "none": return nil
    case "fifo": try shell("mkfifo log.fifo"); return "log.fifo"
    case "directory": return "mail"
    case "link": try shell("touch real.log; ln -s real.log link.log"); return "link.log"
    case "long": return "logs." + String(repeating: "l", count: 255)
    case "dangling": try shell("ln -s nowhere/real.log link.log"); return "link.log"
    case "device": return "/dev/full"
    case "missing": return "nowhere/access.jsonl"
    case "sealed": try shell("mkdir logs && chmod 755 logs"); return "logs/access.jsonl"
    default:
      try shell("mkdir logs")
      try give("logs", to: user)
      return "logs/access.jsonl"
    }
  }

  func accounts(_ kind: String, user: String) throws -> String {
    switch kind {
    case "fifo": try shell("mkfifo accounts")
    case "empty": try shell("touch accounts")
    case "directory": return "mail"
    case "missing": return "no.passwd"
    case "device": return "/dev/zero"
    case "socket":
      try shell("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('accounts')\"")
    case "garbage": try shell("head -c 4096 /bin/sh > accounts && chmod 600 accounts")
    // A file with a group of its own.
    case "dovecot": try shell("cp users.passwd accounts && chmod 640 accounts; chgrp mail accounts || true")
    default:
      try give("users.passwd", to: user)
      return "users.passwd"
    }
    if kind != "dovecot" { try give("accounts", to: user) }
    return "accounts"
  }

  func list(_ kind: String, user: String) throws -> String {
    switch kind {
    case "fifo": try shell("mkfifo some.netset")
    case "missing": return "no.netset"
    case "directory": return "mail"
    case "device": return "/dev/zero"
    case "bad": try workspace.write("192.0.2.0/24\n10.0.0.5/8\n", to: "some.netset")
    case "empty": try workspace.write("# nobody\n", to: "some.netset")
    default: try workspace.write("192.0.2.0/24\n127.0.0.0/8\n", to: "some.netset")
    }
    return "some.netset"
  }

  /// - Returns: the files of chain and key.
  func certificate(_ kind: String, _ index: Int, user: String) throws -> (String, String) {
    let (chain, key) = ("c\(index).pem", "c\(index).key")
    let subject = "-subj /CN=mail.example.org"
    let name = "-addext subjectAltName=DNS:\(index == 0 ? "" : "c\(index).")mail.example.org"
    func signed(_ algorithm: String, _ more: String = "") throws {
      try shell(
        "openssl genpkey \(algorithm) -out \(key) 2>/dev/null && "
          + "openssl req -x509 -key \(key) \(subject) \(more.isEmpty ? name : more) -days 90 -out \(chain) 2>/dev/null"
      )
    }
    let curve = "-algorithm EC -pkeyopt ec_paramgen_curve:"
    switch kind {
    case "curve": try signed(curve + "secp256k1")
    case "brainpool": try signed(curve + "brainpoolP256r1")
    case "rsa1024": try signed("-algorithm RSA -pkeyopt rsa_keygen_bits:1024")
    case "rsa2048": try signed("-algorithm RSA -pkeyopt rsa_keygen_bits:2048")
    case "ed25519": try signed("-algorithm ED25519")
    case "dsa":
      try shell(
        "openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.pem 2>/dev/null")
      try signed("-paramfile dsa.pem")
    case "nameless": try signed(curve + "P-256", "-addext basicConstraints=CA:FALSE")
    default: try signed(curve + "P-256")
    }
    switch kind {
    case "request": try shell("openssl req -new -key \(key) \(subject) -out \(chain)")
    case "pkcs7": try shell("openssl crl2pkcs7 -nocrl -certfile \(chain) -out c.p7 && mv c.p7 \(chain)")
    case "der": try shell("openssl x509 -in \(chain) -outform DER -out c.der && mv c.der \(chain)")
    case "mismatch": try shell("openssl genpkey \(curve)P-256 -out \(key) 2>/dev/null")
    case "encrypted":
      try shell("openssl pkcs8 -topk8 -in \(key) -passout pass:x -out c.enc && mv c.enc \(key)")
    case "expired":
      try shell(
        "openssl x509 -in \(chain) -signkey \(key) -days -1 -out c.old 2>/dev/null && mv c.old \(chain)")
    case "fifo": try shell("rm \(chain) && mkfifo \(chain)")
    case "empty": try shell(": > \(chain)")
    case "no-key": try shell("cp \(chain) \(key)")
    case "one-file":
      try shell("cat \(key) >> \(chain) && chmod 600 \(chain)")
      try give(chain, to: user)
      return (chain, chain)
    case "leaf":
      try shell(
        "openssl req -new -key \(key) \(subject) -out c.csr && openssl genpkey \(curve)P-256 -out ca.key 2>/dev/null && "
          + "openssl req -x509 -key ca.key -subj /CN=CA -days 90 -out ca.pem && "
          + "openssl x509 -req -in c.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out \(chain) 2>/dev/null"
      )
    default: break
    }
    try shell("chmod 600 \(key)")
    try give("\(chain) \(key)", to: user)
    return (chain, key)
  }
}
