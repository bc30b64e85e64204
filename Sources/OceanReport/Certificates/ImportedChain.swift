import Glibc
import OceanBase
package import OceanHost
package import OceanSyntax
import OceanTLS

/// The chain for a key, made of the certificates in some files: the leaf first, and without the root.
package struct ImportedChain {
  private let chain: [UInt8]
  private let out: String
  private let given: CertificateFile
  private let result: CertSubject
  private let problems: [CertProblem]

  /// Looks for the certificate of the key and its issuers, and writes nothing.
  ///
  /// - Parameters:
  ///   - files: the files with certificates, in any order.
  ///   - out: the file that the chain belongs in.
  ///   - isReplacing: whether it is to give way if it is there. What its names are is compared then.
  package init(
    of files: [String], key: KeyFile, for out: String, isReplacing: Bool
  ) throws(Failure) {
    let given = CertificateFile(chain: try Self.pool(files), key: key.pem, passphrase: key.passphrase)
    let sources = files.joined(separator: ", ")
    if given.findings.contains(where: { if case .tooManyCertificates = $0 { true } else { $0 == .tooLarge } })
    {
      throw Failure("\(sources): more certificates than any chain has; give only those of the issuers")
    }
    guard given.identity != nil else {
      let (which, they) = given.certificates.count == 1 ? ("the", "it is") : ("any", "they are")
      throw Failure(
        "the key \(key.path) is not that of \(which) certificate in \(sources); \(they) for "
          + given.certificates.map(\.subject).joined(separator: "; "))
    }
    // Clients must have the root already; servers need not send it (RFC 8446 §4.4.2).
    var path = given.path
    let endsAtRoot = path.last?.info.isSelfSigned == true
    if endsAtRoot, path.count > 1 { path.removeLast() }

    chain = path.flatMap { $0.pem() ?? [] }
    result = CertSubject(
      source: out, file: CertificateFile(chain: chain, key: key.pem, passphrase: key.passphrase), key: key,
      name: nil,
      time: SystemClock.wall.seconds, endsAtRoot: endsAtRoot)
    let found = result.problems
    if let error = found.first(where: { $0.severity == .error }) {
      throw Failure("nothing was written: \(error.message)")
    }
    let replaced = isReplacing ? try Self.names(replacedAt: out) : []
    (self.given, self.out) = (given, out)
    problems = found + Self.lost(replaced, path.first?.info.names ?? [])
  }

  /// Writes the file.
  package func publish(replacing: Bool) throws(Failure) {
    try PublishedFiles.publish(
      [PublishedFiles.File(path: out, contents: SecretBytes(copying: chain), mode: 0o644)],
      replacing: replacing)
  }

  /// What was written, for people.
  package func text(on screen: Screen) -> String {
    CertText.imported(result, given, problems, to: out, on: screen)
  }

  /// All certificates of all files, each once, the first file's first.
  private static func pool(_ files: [String]) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    for path in files {
      let read = try Files.readPEM(path)
      let file = CertificateFile(chain: read, key: nil)
      let subject = CertSubject(
        source: path, file: file, key: nil, name: nil, time: SystemClock.wall.seconds)
      if let error = subject.fileProblem { throw Failure(error.message) }
      bytes += read + [UInt8(ascii: "\n")]
    }
    return bytes
  }

  /// The names in the chain file that gives way to the new one.
  private static func names(replacedAt out: String) throws(Failure) -> [CertificateName] {
    guard access(out, F_OK) == 0 else { return [] }
    let file = CertificateFile(chain: try Files.readPEM(out), key: nil)
    let holdsKey = file.findings.contains { if case .keyInChain = $0 { true } else { false } }
    if holdsKey { throw Failure("\(out) holds a private key and was not replaced") }
    return file.certificates.first?.names ?? []
  }

  private static func lost(_ old: [CertificateName], _ new: [CertificateName]) -> [CertProblem] {
    let missing = old.filter { !new.contains($0) }.map(\.description)
    return missing.isEmpty
      ? []
      : [.init(.warning, "the certificate it replaces was also for \(missing.joined(separator: ", "))")]
  }
}
