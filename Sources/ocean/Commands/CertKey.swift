import Glibc
import OceanCompiler
import OceanHost
import OceanSyntax
import OceanTLS

/// A private key file, decrypted if need be.
struct CertKey {
  let path: String
  let pem: SecretBytes
  let passphrase: SecretBytes?
  let type: KeyType
  /// Whether any user of the host can read the file.
  let isExposed: Bool

  /// - Parameter passphraseFile: nil asks on the terminal, if there is one and the key is encrypted.
  init(_ path: String, passphraseFile: String?) throws(Failure) {
    self.path = path
    do throws(FileAccess.ReadError) {
      (pem, isExposed) = try Files.readSecret(path)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)")
    }
    var passphrase: SecretBytes?
    if let passphraseFile {
      passphrase = SecretBytes(copying: try Cert.read(passphraseFile).prefix { $0 != 0x0a && $0 != 0x0d })
    }
    do {
      type = try Self.read(pem, passphrase)
    } catch .passphraseMissing where isatty(STDIN_FILENO) == 1 {
      passphrase = Self.askPassphrase(path)
      do {
        type = try Self.read(pem, passphrase)
      } catch {
        throw Failure(error.sentence(path))
      }
    } catch {
      throw Failure(error.sentence(path))
    }
    self.passphrase = passphrase
  }

  private static func read(_ pem: SecretBytes, _ passphrase: SecretBytes?) throws(PrivateKey.ReadError)
    -> KeyType
  {
    try PrivateKey(pem: pem, passphrase: passphrase).type
  }

  private static func askPassphrase(_ path: String) -> SecretBytes {
    printError("Passphrase of \(path.escapedForDisplay): ", terminator: "")
    var old = termios()
    tcgetattr(STDIN_FILENO, &old)
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
      printError("")
    }
    return SecretBytes(capacity: 1024) { buffer in
      // A terminal gives a line at a time.
      let count = max(Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count), 0)
      return buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) ?? count
    }
  }
}

extension PrivateKey.ReadError {
  func sentence(_ path: String) -> String {
    switch self {
    case .missing: "\(path) holds no private key in PEM"
    case .malformed(let line): "\(path):\(line): the private key that begins here cannot be decoded"
    case .passphraseMissing: "the key \(path) is encrypted; give its passphrase with --passphrase-file"
    case .passphraseWrong: "the passphrase is not that of the key \(path)"
    case .unsupported(let type): "the key \(path) is of a kind that ocean does not serve: \(type.text)"
    }
  }
}
