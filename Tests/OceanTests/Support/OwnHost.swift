import Foundation
import Testing

/// A host of its own, with the same programs: nobody else sees its /etc and /var, and its name is mail.example.org.
/// Only root can make it.
struct OwnHost {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let script = """
      cp -a /etc etc && cd etc && rm -rf dovecot letsencrypt ocean mailname && cd ..
      mkdir -p var/lib var/mail var/log var/tmp
      echo '192.0.2.10 mail.example.org mail' >>etc/hosts
      """
    let made = try workspace.run("sh", ["-ec", "cd \"$0\"\n\(script)", workspace.directory.path])
    guard made.status == .exited(0) else { throw Failure("cannot make a host: \(made.errorOutput)") }
  }

  /// The words of a command that runs another one on the host.
  private func entering(_ words: [String]) -> [String] {
    let script = """
      cd "$0" && mount --bind etc /etc && mount --bind var /var && hostname mail && exec "$@"
      """
    return ["--mount", "--uts", "sh", "-ec", script, workspace.directory.path] + words
  }

  func run(_ words: [String], input: String = "") throws -> Command {
    let command = try Command("unshare", entering(words), input: input, directory: workspace.directory)
    try command.wait()
    workspace.expectNoSecret(in: command.output + command.errorOutput)
    return command
  }

  func ocean(_ arguments: String..., input: String = "") throws -> Command {
    try run([oceanBinary()] + arguments, input: input)
  }

  /// Runs a script of the shell, which must succeed.
  func shell(_ script: String, input: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
    let run = try run(["sh", "-ec", script], input: input)
    #expect(
      run.status == .exited(0), "\(script)\n\(run.output)\(run.errorOutput)", sourceLocation: sourceLocation)
  }

  /// Runs `ocean` on a terminal, and answers its questions.
  func dialog(
    _ arguments: [String], columns: Int = 80, _ answers: [(prompt: String, answer: String)]
  ) throws -> Dialog {
    try workspace.dialog(["unshare"] + entering([try oceanBinary()] + arguments), columns: columns, answers)
  }
}

/// What happened on a terminal.
struct Dialog {
  /// All that the terminal showed.
  let screen: String
  /// The exit code, or the signal's number and 128.
  let code: Int
  /// Whether the terminal shows what is typed, after the end.
  let echoes: Bool
}

extension Workspace {
  /// Runs a command on a terminal, and answers its questions.
  ///
  /// - Parameter answers: what is typed, each once the text before it is there. "^C" is the key.
  func dialog(
    _ words: [String], environment: [String: String] = [:], columns: Int = 80,
    _ answers: [(prompt: String, answer: String)]
  ) throws -> Dialog {
    struct Answer: Encodable {
      let prompt: String
      let answer: String
    }
    let json = try JSONEncoder().encode(answers.map { Answer(prompt: $0.prompt, answer: $0.answer) })
    let command = try run(
      "python3", ["-c", Self.driver, "\(columns)", String(decoding: json, as: UTF8.self)] + words,
      environment: environment.merging(["NO_COLOR": "1"]) { own, _ in own })
    guard command.status == .exited(0) else { throw Failure(command.output + command.errorOutput) }
    var lines = command.output.split(separator: "\n", omittingEmptySubsequences: false)
    let end = lines.removeLast().split(separator: " ")
    guard let code = end.first.flatMap({ Int($0) }) else { throw Failure(command.output) }
    let screen = lines.joined(separator: "\n").replacing("\r\n", with: "\n")
    expectNoSecret(in: screen)
    return Dialog(screen: screen, code: code, echoes: end.last == "echo")
  }

  private static let driver = """
    import fcntl, json, os, pty, select, signal, struct, sys, termios
    columns, answers, words = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    pid, fd = pty.fork()
    if pid == 0:
        # Whoever runs the tests in the background ignores the key.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(words[0], words)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    seen, start = b'', 0
    def more():
        global seen
        if not select.select([fd], [], [], 60)[0]:
            sys.exit('nothing more came after: ' + seen.decode())
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b''
        seen += data
        return data
    for answer in answers:
        while answer['prompt'].encode() not in seen[start:]:
            if not more():
                sys.exit('no ' + repr(answer['prompt']) + ' came: ' + seen.decode())
        start = len(seen)
        os.write(fd, b'\\x03' if answer['answer'] == '^C' else answer['answer'].encode() + b'\\n')
    while more():
        pass
    echo = termios.tcgetattr(fd)[3] & termios.ECHO
    status = os.waitpid(pid, 0)[1]
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    sys.stdout.write(seen.decode() + '\\n%d %s' % (code, 'echo' if echo else 'silent'))
    """
}
