package import OceanBase
import OceanCompiler
package import OceanPlan

extension Plan.SecretSource {
  /// - Parameter text: `file:PATH`, `env:NAME` or `credential:NAME`: the places where a config may have secrets. Nil if it is
  ///   none of them. It is not to be shown then: it may be the secret itself.
  package init?(named text: String) {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first, parts.dropFirst().first) {
    case ("file", let path?): self = .file(Files.absolute(path))
    case ("env", let name?): self = .env(name)
    case ("credential", let name?) where !name.contains("/") && !name.hasPrefix("."): self = .credential(name)
    default: return nil
    }
  }

  /// The password that is there.
  package func password() throws(Failure) -> SecretBytes {
    let found: (secret: SecretBytes, isExposed: Bool)?
    do {
      found = try read()
    } catch {
      throw Failure("cannot read the password from \(self)")
    }
    guard let found else { throw Failure("there is no \(self) in this environment") }
    return found.secret
  }

  /// The password of a probe, which a server is sent: one line that not everybody may read.
  package func probePassword() throws(Failure) -> SecretBytes {
    let found: (secret: SecretBytes, isExposed: Bool)?
    do {
      found = try read()
    } catch {
      throw Failure("cannot read the password of the probe from \(self): \(error.reason)")
    }
    guard let found else {
      throw Failure("there is no \(self) in this environment: the probe has no password")
    }
    if found.isExposed, case .file(let path) = self {
      throw Failure("everybody may read \(path), which holds a password: chmod 600 \(path)")
    }
    let isLine = found.secret.withUnsafeBytes { bytes in
      !bytes.isEmpty && bytes.allSatisfy { ![0, 10, 13].contains($0) }
    }
    guard isLine else { throw Failure("\(self) must hold one line, the password of the probe") }
    return found.secret
  }
}
