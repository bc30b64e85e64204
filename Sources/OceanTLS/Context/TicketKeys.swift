internal import COpenSSL
internal import OceanBase
internal import Synchronization

/// The keys under which session tickets (RFC 5077 §4, RFC 8446 §4.6.1) are sealed, shared by all contexts and
/// event loops: a client may come back on any of them, also after certificates were reloaded.
///
/// The newest key seals. Older keys only open, until every ticket sealed with them has expired. The key of a
/// TLS 1.2 ticket is enough to read that session, hence the rotation, and the overwriting of keys that are
/// dropped.
package final class TicketKeys: Sendable {
  /// How long a ticket is accepted, in seconds. Mail clients that poll come back within minutes.
  package static let lifetime: Int64 = 4 * 3600
  /// How long a key seals, in seconds.
  package static let rotation: Int64 = 3600

  private struct Generation {
    let key: TicketKey
    let born: Int64
  }

  /// The newest first; never empty.
  private let generations: Mutex<[Generation]>

  /// - Parameter now: seconds on the clock that `rotate` gets, too; any clock will do.
  /// - Throws: if libcrypto has no random numbers.
  package init(now: Int64) throws(LibraryError) {
    guard let key = TicketKey() else { throw .take() }
    generations = Mutex([Generation(key: key, born: now)])
  }

  /// Makes a new key if the newest has sealed long enough, and drops keys that no valid ticket needs.
  package func rotate(now: Int64) {
    generations.withLock { generations in
      guard let newest = generations.first, now - newest.born >= Self.rotation, let key = TicketKey() else {
        return
      }
      // A generation's last ticket was sealed when its successor was born.
      var successor = now
      generations =
        [Generation(key: key, born: now)]
        + generations.filter { generation in
          defer { successor = generation.born }
          return now - successor <= Self.lifetime
        }
    }
  }

  /// The key that seals.
  var newest: TicketKey? {
    generations.withLock { $0.first?.key }
  }

  /// The key of that name, and whether it still seals.
  func find(_ name: UnsafeRawBufferPointer) -> (key: TicketKey, isNewest: Bool)? {
    generations.withLock { generations in
      guard let index = generations.firstIndex(where: { $0.key.hasName(name) }) else { return nil }
      return (generations[index].key, index == 0)
    }
  }
}

/// One generation's random bytes: a public name, a cipher key and a MAC key.
final class TicketKey: Sendable {
  static let nameLength = 16
  private static let cipherKeyLength = 32
  private static let macKeyLength = 32

  private let secret: SecretBytes

  init?() {
    let length = Self.nameLength + Self.cipherKeyLength + Self.macKeyLength
    ERR_clear_error()
    secret = SecretBytes(capacity: length) { memory in
      let start = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return RAND_bytes(start, Int32(length)) == 1 ? length : 0
    }
    guard secret.count == length else { return nil }
  }

  func hasName(_ name: UnsafeRawBufferPointer) -> Bool {
    secret.withUnsafeBytes { $0.prefix(Self.nameLength).elementsEqual(name) }
  }

  /// Prepares `cipher` and `mac` for sealing or opening. For sealing it also writes the key's name and a
  /// fresh initialisation vector.
  func prepare(
    cipher: OpaquePointer?, mac: OpaquePointer?, name: UnsafeMutablePointer<UInt8>,
    vector: UnsafeMutablePointer<UInt8>, sealing: Bool
  ) -> Bool {
    secret.withUnsafeBytes { secret in
      guard let start = secret.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
      let cipherKey = start + Self.nameLength
      let macKey = cipherKey + Self.cipherKeyLength
      if sealing {
        name.update(from: start, count: Self.nameLength)
        guard RAND_bytes(vector, EVP_CIPHER_get_iv_length(Self.aes256cbc)) == 1 else { return false }
      }
      guard EVP_CipherInit_ex(cipher, Self.aes256cbc, nil, cipherKey, vector, sealing ? 1 : 0) == 1 else {
        return false
      }
      return ocean_EVP_MAC_CTX_set_hmac_sha256(mac, macKey, Self.macKeyLength) == 1
    }
  }

  /// Fetched once: a fetch by name costs more than sealing a ticket.
  nonisolated(unsafe) private static let aes256cbc = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
}
