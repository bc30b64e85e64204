internal import OceanBase

/// A key that was derived from a password in many rounds, with its salt, as a password file has it.
struct DerivedKey {
  /// The key, and the salt behind it.
  let bytes: SecretBytes
  let rounds: Int
  private let length: Int

  var key: SecretBytes { bytes[0..<length] }
  var salt: SecretBytes { bytes[length..<bytes.count] }

  init(_ bytes: SecretBytes, _ digest: Digest, rounds: Int) {
    (self.bytes, self.rounds, length) = (bytes, rounds, digest.length)
  }

  /// Reads `$1$SALT$ROUNDS$KEY`, the form of Dovecot's PBKDF2: the salt as text, the key in hexadecimal digits.
  init?(pbkdf2 field: SecretBytes) {
    guard let parts = Self.split(field, at: "$", count: 5), parts[0].isEmpty,
      parts[1] == SecretBytes(copying: "1".utf8),
      let rounds = Self.rounds(parts[3]), let key = PasswordEncoding.hex.decode(parts[4])
    else { return nil }
    self.init(key: key, salt: parts[2], .sha1, rounds)
  }

  /// Reads `ROUNDS,SALT,STOREDKEY,SERVERKEY`, the last three in base 64: Dovecot's form of SCRAM's keys.
  init?(scram field: SecretBytes, _ digest: Digest) {
    guard let parts = Self.split(field, at: ",", count: 4), let rounds = Self.rounds(parts[0]),
      let salt = PasswordEncoding.base64.decode(parts[1]), let key = PasswordEncoding.base64.decode(parts[2]),
      PasswordEncoding.base64.decode(parts[3])?.count == digest.length
    else { return nil }
    self.init(key: key, salt: salt, digest, rounds)
  }

  private init?(key: SecretBytes, salt: SecretBytes, _ digest: Digest, _ rounds: Int) {
    guard key.count == digest.length, !salt.isEmpty else { return nil }
    self.init(SecretBytes(joining: [key, salt]), digest, rounds: rounds)
  }

  private static func split(_ field: SecretBytes, at separator: Unicode.Scalar, count: Int) -> [SecretBytes]?
  {
    let parts = field.withUnsafeBytes { bytes in
      bytes.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map { $0.indices }
    }
    return parts.count == count ? parts.map { field[$0] } : nil
  }

  private static func rounds(_ text: SecretBytes) -> Int? {
    text.withUnsafeBytes { bytes in
      guard bytes.count <= 8, bytes.first != UInt8(ascii: "0"),
        bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let rounds = Int(String(decoding: bytes, as: UTF8.self)), rounds <= KeyDerivation.maxRounds
      else { return nil }
      return rounds
    }
  }
}
