import Foundation
import Testing

/// A directory in which `ocean cert` and openssl work.
final class CertWorkspace {
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String
  }

  let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "ocean-cert-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  // MARK: - Files

  func path(_ name: String) -> String { directory.appending(path: name).path }
  func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: path(name)) }
  func text(_ name: String) -> String { bytes(name).map { String(decoding: $0, as: UTF8.self) } ?? "" }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: directory.appending(path: name))
  }

  func names(in name: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
  }

  func mode(_ name: String) -> mode_t {
    var status = stat()
    return lstat(path(name), &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  // MARK: - Programs

  /// Runs `ocean cert` in the directory.
  func cert(_ arguments: String...) throws -> Outcome { try run(arguments) }

  func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
    let outcome = try start(Self.ocean(), ["cert"] + arguments, environment)
    #expect(!(outcome.output + outcome.errors).contains("PRIVATE KEY-----"), "a key is shown")
    return outcome
  }

  @discardableResult
  func openssl(_ arguments: String...) throws -> String { try openssl(arguments) }

  @discardableResult
  func openssl(_ arguments: [String]) throws -> String {
    let outcome = try start("/usr/bin/env", ["openssl"] + arguments)
    guard outcome.code == 0 else { throw CertFailure("openssl \(arguments): \(outcome.errors)") }
    return outcome.output
  }

  private func start(
    _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // The output goes to files, because a pipe's other end may be inherited by a server that another test has
    // just started.
    let outputs = try (0..<2).map { _ in
      let file = FileManager.default.temporaryDirectory.appending(
        path: "ocean-cert-output-\(UUID().uuidString)")
      try Data().write(to: file)
      return file
    }
    defer { for file in outputs { try? FileManager.default.removeItem(at: file) } }
    process.standardOutput = try FileHandle(forWritingTo: outputs[0])
    process.standardError = try FileHandle(forWritingTo: outputs[1])
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    let read = try outputs.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Outcome(code: process.terminationStatus, output: read[0], errors: read[1])
  }

  /// The program under test, which the build puts beside the tests.
  private static func ocean() throws -> String {
    let tests = [
      URL(filePath: CommandLine.arguments[0]), URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(),
    ]
    let paths = (tests + Bundle.allBundles.map(\.bundleURL)).map {
      $0.deletingLastPathComponent().appending(path: "ocean").path
    }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw CertFailure("there is no program 'ocean' at \(paths)")
    }
    return path
  }
}

struct CertFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A server that runs as long as this is kept, and says on its first line of output that it is ready.
final class CertServerProcess {
  private let process = Process()
  private let input = Pipe()
  let port: String

  /// - Parameter arguments: a program that prints `ACCEPT address:port`, and its arguments.
  init(_ arguments: [String], in workspace: CertWorkspace) throws {
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = workspace.directory
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    var text = ""
    while true {
      let bytes = output.fileHandleForReading.availableData
      guard !bytes.isEmpty else { throw CertFailure("\(arguments) did not start: \(text)") }
      text += String(decoding: bytes, as: UTF8.self)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      if let line = lines.first(where: { $0.hasPrefix("ACCEPT") }), let colon = line.lastIndex(of: ":") {
        port = String(line[line.index(after: colon)...])
        return
      }
    }
  }

  deinit {
    // A child inherits the signal mask of the thread that started it, which may hold back SIGTERM.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

/// A root, an intermediate signed by it, and a certificate of the intermediate for a key of `ocean cert new`.
struct CertAuthority {
  let workspace: CertWorkspace

  /// Makes root.crt, intermediate.crt, leaf.crt, and own/mail.example.org.key, .crt and .csr.
  init(in workspace: CertWorkspace) throws {
    self.workspace = workspace
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try workspace.write("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n", to: "ca.ext")
    try workspace.openssl(
      ["req", "-x509"] + curve + [
        "-keyout", "root.key", "-out", "root.crt", "-subj", "/CN=Test Root", "-days", "3650",
      ])
    try workspace.openssl(
      ["req", "-new"] + curve + [
        "-keyout", "intermediate.key", "-out", "intermediate.csr", "-subj", "/CN=Test Intermediate",
      ])
    try workspace.openssl([
      "x509", "-req", "-in", "intermediate.csr", "-CA", "root.crt", "-CAkey", "root.key", "-out",
      "intermediate.crt",
      "-extfile", "ca.ext", "-days", "3000",
    ])
    guard try workspace.cert("new", "mail.example.org", "192.0.2.10", "--out", "own").code == 0 else {
      throw CertFailure("ocean cert new")
    }
    try sign("own/mail.example.org.csr", as: "leaf.crt")
  }

  /// Signs a request. A certificate below the intermediate says where the intermediate can be fetched, like
  /// those of public authorities.
  func sign(_ request: String, as name: String, by issuer: String = "intermediate", days: Int = 90) throws {
    try workspace.write(
      issuer == "root" ? "" : "authorityInfoAccess=caIssuers;URI:http://ca.test/\(issuer).crt\n",
      to: "leaf.ext")
    try workspace.openssl(
      "x509", "-req", "-in", request, "-CA", "\(issuer).crt", "-CAkey", "\(issuer).key", "-out", name,
      "-copy_extensions", "copyall", "-extfile", "leaf.ext", "-days", "\(days)")
  }
}
