import Foundation
import Testing

/// Tests programs that people fetch their mail with.
struct ClientTests {
  let workspace: Workspace
  let server: Server

  init() throws {
    workspace = try Workspace()
    try workspace.deliverSamples()
    server = try Server(workspace)
  }

  @Test func `curl lists, reads and previews`() throws {
    func curl(_ path: String, _ options: String...) throws -> String {
      let url = "pop3://\(workspace.address):\(Workspace.port)/\(path)"
      let command = try workspace.run(
        "curl", ["--silent", "--show-error", "--user", "anna:\(Workspace.secret)"] + options + [url])
      #expect(command.status == .exited(0), "\(command.errorOutput)")
      return command.output
    }
    let list = SampleMessage.all.enumerated().map { "\($0 + 1) \($1.received.count)\r\n" }.joined()
    #expect(try curl("") == list)
    #expect(try Array(curl("1").utf8) == SampleMessage.all[0].received)
    #expect(try Array(curl("8").utf8) == SampleMessage.all[7].received)

    let top = try curl("", "--request", "TOP 1 1")
    #expect(top.hasSuffix("Subject: hello\r\n\r\nHello\r\n"))
    let ids = try curl("", "--request", "UIDL").split(separator: "\r\n").map { $0.split(separator: " ") }
    #expect(ids.map { $0.first } == (1...SampleMessage.all.count).map { Substring("\($0)") })
    #expect(Set(ids.map { $0.last }).count == SampleMessage.all.count)
    try server.stop()
  }

  @Test func `poplib gets every octet, and deletes what it asked for`() throws {
    for sample in SampleMessage.all {
      try Data(sample.received).write(to: workspace.directory / "\(sample.name).want")
    }
    let wanted = SampleMessage.all.map { workspace.path("\($0.name).want") }
    let command = try workspace.run(
      "python3", ["-c", Self.poplib, workspace.address, "\(Workspace.port)", Workspace.secret] + wanted)
    #expect(command.status == .exited(0), "\(command.errorOutput)")

    let left = try workspace.messages().keys.map { $0.dropFirst(4).prefix { $0 != ":" } }.sorted()
    #expect(left == SampleMessage.all.map { Substring($0.name) }.filter { !$0.hasPrefix("1700000002") })
    try server.stop()
  }

  private static let poplib = """
    import poplib, sys
    host, port, password, *paths = sys.argv[1:]
    wanted = [open(path, 'rb').read() for path in paths]

    def check(got, want, what):
        assert got == want, f'{what}: {got!r:.300} is not {want!r:.300}'

    box = poplib.POP3(host, int(port), timeout=20)
    check(box.getwelcome(), b'+OK mail.example.org POP3 server ready', 'greeting')
    assert 'UIDL' in box.capa() and 'PIPELINING' in box.capa(), box.capa()
    box.user('anna@example.org')
    box.pass_(password)
    sizes = [len(want) for want in wanted]
    check(box.stat(), (len(wanted), sum(sizes)), 'stat')
    check(box.list()[1], [b'%d %d' % (n + 1, size) for n, size in enumerate(sizes)], 'list')
    ids = [line.split()[1] for line in box.uidl()[1]]
    check(len(set(ids)), len(wanted), 'distinct ids')
    check(box.uidl(3), b'+OK 3 ' + ids[2], 'uidl 3')
    poplib._MAXLINE = 1 << 20
    for number, want in enumerate(wanted, 1):
        # poplib cuts lines as clients do, and takes the stuffing away.
        got = b''.join(line + b'\\r\\n' for line in box.retr(number)[1])
        check(got, want, f'retr {number}')
    check(box.top(1, 0)[1], [b'From: Berta <berta@example.org>', b'To: anna@example.org', b'Subject: hello', b''], 'top 1 0')
    check(box.top(1, 1)[1][-1], b'Hello', 'top 1 1')

    for number in (1, 3): box.dele(number)
    check(box.stat(), (len(wanted) - 2, sum(sizes) - sizes[0] - sizes[2]), 'stat after dele')
    try:
        box.retr(1)
        raise AssertionError('a deleted message was sent')
    except poplib.error_proto: pass
    box.rset()
    check(box.stat(), (len(wanted), sum(sizes)), 'stat after rset')
    box.noop()
    box.dele(2)
    box.quit()

    box = poplib.POP3(host, int(port), timeout=20)
    box.user('anna')
    box.pass_(password)
    check([line.split()[1] for line in box.uidl()[1]], ids[:1] + ids[2:], 'ids in a second session')
    box.quit()
    """

  @Test func `mpop fetches each message once`() throws {
    try workspace.write(
      """
      defaults
      account test
      host \(workspace.address)
      port \(Workspace.port)
      tls off
      auth user
      user anna
      passwordeval printf %s '\(Workspace.secret)'
      keep on
      uidls_file \(workspace.path("uidls"))
      delivery maildir \(workspace.path("fetched"))
      received_header off
      """, to: "mpoprc")
    chmod(workspace.path("mpoprc"), 0o600)
    for folder in ["new", "cur", "tmp"] {
      try FileManager.default.createDirectory(
        at: workspace.directory / "fetched/\(folder)", withIntermediateDirectories: true)
    }
    func fetched() throws -> [[UInt8]] {
      let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path("fetched/new"))
      return try names.map { Array(try Data(contentsOf: workspace.directory / "fetched/new/\($0)")) }
    }
    let first = try workspace.run("mpop", ["--file", workspace.path("mpoprc"), "test"])
    #expect(first.status == .exited(0), "\(first.errorOutput)")
    // mpop stores LF, and takes every CR for part of a line end.
    let wanted = SampleMessage.all.map { $0.received.filter { $0 != 13 } }
    #expect(Set(try fetched().map { $0.filter { $0 != 13 } }) == Set(wanted))

    let second = try workspace.run("mpop", ["--file", workspace.path("mpoprc"), "test"])
    #expect(second.status == .exited(0), "\(second.errorOutput)")
    #expect(try fetched().count == SampleMessage.all.count)
    try server.stop()
  }

  @Test func `fetchmail fetches each message once, and deletes when told to`() throws {
    func fetchmail(_ option: String) throws -> Command {
      try workspace.write(
        """
        set no bouncemail
        set idfile "\(workspace.path("fetchids"))"
        poll \(workspace.address) service \(Workspace.port) protocol pop3 uidl timeout 20 bad-header accept
          user "anna" password "\(Workspace.secret)" \(option) sslproto "" no rewrite
          mda "cat >> '\(workspace.path("fetched"))'"
        """, to: "fetchmailrc")
      chmod(workspace.path("fetchmailrc"), 0o600)
      return try workspace.run(
        "fetchmail",
        [
          "--fetchmailrc", workspace.path("fetchmailrc"), "--pidfile", workspace.path("fetchmail.pid"),
          "--invisible", "--nosyslog",
        ],
        environment: ["FETCHMAILHOME": workspace.directory.path, "LC_ALL": "C"])
    }
    let first = try fetchmail("keep")
    #expect(first.status == .exited(0), "\(first.output)\(first.errorOutput)")
    func fetched() throws -> [UInt8] {
      try Array(Data(contentsOf: workspace.directory / "fetched")).filter { $0 != 13 }
    }
    // The empty message becomes a message of the program's own that says so.
    let before = SampleMessage.all[..<6].flatMap(\.received).filter { $0 != 13 }
    let after = SampleMessage.all[7].received.filter { $0 != 13 }
    let whole = try fetched()
    #expect(whole.starts(with: before + Array("From: FETCHMAIL-DAEMON".utf8)))
    #expect(whole.suffix(after.count) == after[...])

    // Status 1 means that there was no mail.
    let second = try fetchmail("keep")
    #expect(second.status == .exited(1), "\(second.output)\(second.errorOutput)")
    #expect(try fetched() == whole)
    #expect(try workspace.messages().count == SampleMessage.all.count)

    try workspace.deliver("Subject: new\n\nanother\n", as: "1700000009.M1P1.host")
    let third = try fetchmail("no keep fetchall")
    #expect(third.status == .exited(0), "\(third.output)\(third.errorOutput)")
    #expect(try workspace.messages().isEmpty)
    try server.stop()
  }
}
