import Glibc
package import OceanBase
package import OceanCompiler
package import OceanPlan

extension Plan.SecretSource {
  /// The secret as it is now, without the line break at its end, and whether everybody on this host may read
  /// it; nil if this environment has no such variable, or no credentials.
  package func read() throws(FileAccess.ReadError) -> (secret: SecretBytes, isExposed: Bool)? {
    let path: String
    switch self {
    case .file(let file): path = file
    case .env(let name):
      guard let value = getenv(name) else { return nil }
      let bytes = UnsafeRawBufferPointer(start: value, count: strlen(value))
      return (SecretBytes(copying: bytes), false)
    case .credential(let name):
      guard let directory = getenv("CREDENTIALS_DIRECTORY") else { return nil }
      path = String(cString: directory) + "/" + name
    }
    let (secret, isExposed) = try Files.readSecret(path)
    return (secret.withoutLineBreak, isExposed)
  }

  /// Why a source is not asked with its password; nil if it can be.
  ///
  /// - Parameter state: what became of the password; nil if none is needed.
  static func obstacle(_ state: CertificateFacts.FileState?, offline: Bool) -> String? {
    if offline { return "offline" }
    return state.map { $0 == .read } == false ? "its password cannot be read" : nil
  }

  /// The same as a fact: nothing is thrown. There is a secret if the state is ``CertificateFacts/FileState/read``.
  func readState() -> (state: CertificateFacts.FileState, secret: SecretBytes?) {
    do throws(FileAccess.ReadError) {
      guard let (secret, _) = try read() else { return (.notHere, nil) }
      return (.read, secret)
    } catch .missing {
      return (.missing, nil)
    } catch .notPermitted {
      return (.notPermitted, nil)
    } catch {
      return (.unreadable(error.reason), nil)
    }
  }
}

extension SecretBytes {
  /// The bytes without the line break at the end, which editors put there.
  fileprivate var withoutLineBreak: SecretBytes {
    withUnsafeBytes { bytes in
      var text = bytes[...]
      if text.last == UInt8(ascii: "\n") { text.removeLast() }
      if text.last == UInt8(ascii: "\r") { text.removeLast() }
      return self[0..<text.count]
    }
  }
}
