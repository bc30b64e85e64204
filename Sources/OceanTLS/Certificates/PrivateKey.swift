internal import COpenSSL
package import OceanBase

/// A private key as libcrypto holds it. No part of it can be printed. Immutable: Sendable.
package final class PrivateKey: @unchecked Sendable {
  let pkey: OpaquePointer

  /// Takes ownership of `pkey`.
  init(adopting pkey: OpaquePointer) {
    self.pkey = pkey
  }

  deinit {
    EVP_PKEY_free(pkey)
  }

  package var type: KeyType { KeyType(pkey) }

  /// Reads the first private key of a PEM file: PKCS#8 (plain or encrypted), PKCS#1 or SEC1. Certificates
  /// beside it are skipped. Never prompts.
  package convenience init(pem: SecretBytes, passphrase: SecretBytes? = nil) throws(PrivateKeyFlaw) {
    let result = pem.withUnsafeBytes { Self.read($0, passphrase) }
    self.init(adopting: try result.get())
  }

  private static func read(
    _ bytes: UnsafeRawBufferPointer, _ passphrase: SecretBytes?
  ) -> Result<OpaquePointer, PrivateKeyFlaw> {
    let file = PEM(bytes)
    guard let block = file.blocks.first(where: { isKey(label: $0.label) }) else {
      return .failure(file.brokenLines.first.map { .malformed(line: $0) } ?? .missing)
    }
    var request = PassphraseRequest(passphrase: passphrase)
    let key = withUnsafeMutablePointer(to: &request) { request in
      MemoryBIO.reading(UnsafeRawBufferPointer(rebasing: bytes[block.range])) {
        PEM_read_bio_PrivateKey($0, nil, providePassphrase, request)
      }
    }
    ERR_clear_error()
    guard let key else {
      guard request.wasAsked else { return .failure(.malformed(line: block.line)) }
      return .failure(passphrase == nil ? .passphraseMissing : .passphraseWrong)
    }
    switch KeyType(key) {
    case .rsa, .ec, .ed25519:
      return .success(key)
    case .other(let name):
      EVP_PKEY_free(key)
      return .failure(.unsupported(type: KeyType.other(name).text))
    }
  }

  static func isKey(label: String) -> Bool {
    label == "PRIVATE KEY" || label.hasSuffix(" PRIVATE KEY")
  }
}

/// The input of the passphrase callback, and its report.
private struct PassphraseRequest {
  let passphrase: SecretBytes?
  var wasAsked = false
}

/// pem_password_cb: copies the passphrase that was given, or fails; libcrypto's default would read the
/// terminal.
private func providePassphrase(
  _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ forWriting: Int32,
  _ request: UnsafeMutableRawPointer?
) -> Int32 {
  guard let buffer, let request = request?.assumingMemoryBound(to: PassphraseRequest.self) else { return -1 }
  request.pointee.wasAsked = true
  guard let passphrase = request.pointee.passphrase, passphrase.count <= Int(size) else { return -1 }
  passphrase.withUnsafeBytes { bytes in
    UnsafeMutableRawBufferPointer(start: buffer, count: Int(size)).copyBytes(from: bytes)
  }
  return Int32(passphrase.count)
}
