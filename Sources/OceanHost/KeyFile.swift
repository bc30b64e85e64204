import Glibc
package import OceanBase
import OceanCompiler
import OceanSyntax
package import OceanTLS

/// A private key file, decrypted if need be.
package struct KeyFile {
  package let path: String
  package let pem: SecretBytes
  package let passphrase: SecretBytes?
  package let type: KeyType
  /// Whether every user of the host can read the file.
  package let isExposed: Bool

  /// - Parameters:
  ///   - passphraseFile: a file whose first line is the passphrase.
  ///   - ask: asks a person for the passphrase of an encrypted key; returns nil if nobody is there.
  package init(
    _ path: String, passphraseFile: String?, asking ask: (_ path: String) -> SecretBytes?
  ) throws(Failure) {
    self.path = path
    do throws(FileAccess.ReadError) {
      (pem, isExposed) = try Files.readSecret(path)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
    var passphrase: SecretBytes?
    if let passphraseFile {
      passphrase = SecretBytes(copying: try Files.readPEM(passphraseFile).prefix { $0 != 0x0a && $0 != 0x0d })
    }
    do {
      type = try Self.read(pem, passphrase)
    } catch {
      guard error == .passphraseMissing, let answer = ask(path) else { throw Failure(error.sentence(path)) }
      passphrase = answer
      do {
        type = try Self.read(pem, passphrase)
      } catch {
        throw Failure(error.sentence(path))
      }
    }
    self.passphrase = passphrase
  }

  private static func read(_ pem: SecretBytes, _ passphrase: SecretBytes?) throws(PrivateKeyFlaw)
    -> KeyType
  {
    try PrivateKey(pem: pem, passphrase: passphrase).type
  }
}

extension PrivateKeyFlaw {
  fileprivate func sentence(_ path: String) -> String {
    let what = CertificateWords(.key(self), chain: "", key: path).what
    return self == .passphraseMissing ? "\(what); give its passphrase with --passphrase-file" : what
  }
}
