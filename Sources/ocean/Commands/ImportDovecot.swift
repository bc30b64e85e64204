import ArgumentParser
import Glibc
import OceanSyntax
import OceanTLS

extension Import {
  struct Dovecot: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a config out of that of Dovecot 2.3.",
      discussion: """
        Takes a dovecot.conf, which it has 'doveconf' read, or a file with what 'doveconf -nP' printed on another host. \
        Says of every setting that has no counterpart what to do instead. Changes nothing of Dovecot's. Exits with 0, 1 if \
        it failed, 2 on wrong usage.
        """)

    @Argument(help: "A dovecot.conf, or a file with the output of 'doveconf -nP'.")
    var config: String

    @Option(
      help: ArgumentHelp(
        """
        Where to write the config: a directory, which is made if it is not there, for ocean.yaml, or a file whose name ends \
        in .yaml or .yml (default: standard output).
        """,
        valueName: "path"))
    var out: String?

    @Flag(help: "Replace the file if it exists.")
    var force = false

    func run() throws {
      try ControlOptions.run {
        let (text, source) = try read()
        let parsed: DovecotConfig
        do throws(DovecotConfig.ParseError) {
          parsed = try DovecotConfig(parsing: text)
        } catch {
          throw CommandError("\(source): \(error)".escapedForDisplay)
        }
        let translation = ImportTranslation(parsed)
        let yaml = translation.config.text(head: [
          "Made of \(source.escapedForDisplay) by 'ocean import dovecot'."
        ])
        let findings = translation.findings.text(source: source)
        guard let out else {
          print(yaml, terminator: "")
          return printError(findings)
        }
        let path = try Self.write(yaml, to: out, replacing: force)
        let open = translation.findings.openCount
        let next = open == 0 ? "" : " \(open) to be decided."
        print("\(findings)\nWritten to \(path).\(next) Next: ocean check \(path)".escapedLines)
      }
    }

    /// - Returns: the path of the file.
    private static func write(_ yaml: String, to out: String, replacing: Bool) throws(CommandError) -> String
    {
      let isFile = [".yaml", ".yml"].contains { out.hasSuffix($0) } && !Files.isDirectory(out)
      var isNew = false
      if !isFile {
        isNew = mkdir(out, 0o755) == 0
        let code = errno
        guard isNew || Files.isDirectory(out) else {
          let reason = code == EEXIST ? "it is no directory" : String(cString: strerror(code))
          throw CommandError("cannot write into \(out): \(reason)".escapedForDisplay)
        }
      }
      let path = isFile ? out : out.hasSuffix("/") ? out + "ocean.yaml" : out + "/ocean.yaml"
      let file = CertFiles.File(path: path, contents: SecretBytes(copying: Array(yaml.utf8)), mode: 0o644)
      do throws(CommandError) {
        try CertFiles.publish([file], replacing: replacing)
      } catch {
        if isNew { rmdir(out) }
        throw error
      }
      return path
    }

    /// The settings, and the words for where they are from.
    private func read() throws(CommandError) -> (text: String, source: String) {
      let bytes: [UInt8]
      do {
        bytes = try Files.read(config, limit: Files.configLimit)
      } catch {
        throw CommandError("cannot read \(config): \(error.reason)".escapedForDisplay)
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard !DovecotConfig.isPrinted(text), let program = Self.doveconf else { return (text, config) }
      let (output, isGood) = try Self.run([program, "-nP", "-c", config])
      guard isGood else {
        throw CommandError("doveconf does not accept \(config); what it says is above".escapedForDisplay)
      }
      return (output, "doveconf -nP -c \(config)")
    }

    private static var doveconf: String? {
      let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
      return path.split(separator: ":").map { "\($0)/doveconf" }.first { access($0, X_OK) == 0 }
    }

    /// What a program prints, which may complain to standard error, and whether it ended well.
    private static func run(_ words: [String]) throws(CommandError) -> (output: String, isGood: Bool) {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw failure(words[0]) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
      var arguments = words.map { strdup($0) } + [nil]
      defer { for argument in arguments { free(argument) } }
      var pid: pid_t = 0
      let code = posix_spawn(&pid, words[0], &actions, nil, &arguments, environ)
      close(ends[1])
      defer { close(ends[0]) }
      guard code == 0 else { throw failure(words[0], code) }
      var output: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 64 * 1024)
      while true {
        let count = Glibc.read(ends[0], &chunk, chunk.count)
        if count > 0 { output += chunk[..<count] } else if count == 0 || errno != EINTR { break }
      }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      return (String(decoding: output, as: UTF8.self), status == 0)
    }

    private static func failure(_ program: String, _ code: Int32 = errno) -> CommandError {
      CommandError("cannot run \(program): \(String(cString: strerror(code)))")
    }
  }
}
