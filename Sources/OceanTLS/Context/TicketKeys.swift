internal import COpenSSL
package import OceanBase
internal import Synchronization

/// The keys under which session tickets (RFC 5077 §4, RFC 8446 §4.6.1) are sealed, shared by all contexts and
/// event loops: a client may come back on any of them, also after certificates were reloaded.
///
/// The newest key seals. Older keys only open, until every ticket sealed with them has expired. The key of a
/// TLS 1.2 ticket is enough to read that session, hence the rotation, and the overwriting of keys that are
/// dropped.
///
/// Keys are random, or derived from a secret that other hosts have as well (``SharedTicketKeys``).
package final class TicketKeys: Sendable {
  /// How long a ticket is accepted, in seconds. Mail clients that poll come back within minutes.
  package static let lifetime: Int64 = 4 * 3600
  /// How long a key seals, in seconds.
  package static let rotation: Int64 = 3600

  private struct Generation {
    let key: TicketKey
    let born: Int64
  }

  private struct State {
    /// Random keys, the newest first; never empty.
    var generations: [Generation]
    /// The keys of the secret that seals; nil if random keys do.
    var shared: SharedTicketKeys?
    /// The keys of secrets that were replaced, and until when they open.
    var former: [(keys: SharedTicketKeys, until: Int64)] = []

    var sealing: TicketKey? { shared?.sealing ?? generations.first?.key }
  }

  private let state: Mutex<State>

  /// - Parameter now: seconds on the clock that `rotate` gets, too; any clock will do.
  /// - Throws: if libcrypto has no random numbers.
  package init(now: Int64) throws(LibraryError) {
    guard let key = TicketKey() else { throw .take() }
    state = Mutex(State(generations: [Generation(key: key, born: now)]))
  }

  /// Makes a new random key if the newest has sealed long enough, and drops keys that no valid ticket needs.
  package func rotate(now: Int64) {
    state.withLock { state in
      state.former.removeAll { $0.until < now }
      guard let newest = state.generations.first, now - newest.born >= Self.rotation, let key = TicketKey()
      else { return }
      // A generation's last ticket was sealed when its successor was born.
      var successor = now
      state.generations =
        [Generation(key: key, born: now)]
        + state.generations.filter { generation in
          defer { successor = generation.born }
          return now - successor <= Self.lifetime
        }
    }
  }

  /// Lets the keys of a secret seal from now on, or random keys. Tickets that were sealed before are good until they
  /// expire.
  ///
  /// - Parameter now: as for `rotate`.
  package func seal(with shared: SharedTicketKeys?, now: Int64) {
    state.withLock { state in
      guard state.shared?.secret != shared?.secret else { return }
      if let before = state.shared { state.former.append((before, now + Self.lifetime)) }
      state.shared = shared
    }
  }

  /// Makes the keys of an hour, if keys are derived from a secret.
  ///
  /// - Parameter hour: hours since 1970.
  package func enter(hour: Int64) {
    state.withLock { $0.shared?.enter(hour: hour) }
  }

  /// The key that seals.
  var newest: TicketKey? {
    state.withLock { $0.sealing }
  }

  /// The key of that name, and whether it still seals.
  func find(_ name: UnsafeRawBufferPointer) -> (key: TicketKey, isNewest: Bool)? {
    state.withLock { state in
      let key =
        state.shared?.find(name) ?? state.generations.lazy.map(\.key).first { $0.hasName(name) }
        ?? state.former.lazy.compactMap { $0.keys.find(name) }.first
      return key.map { ($0, $0 === state.sealing) }
    }
  }
}

/// Keys that are derived from a secret and the hour (RFC 5869), so that every host with the secret has the same ones.
///
/// The hour's own key seals. Those of the hours before open as long as tickets live, and that of the next hour opens, too:
/// a host whose clock is ahead may have sealed with it.
package struct SharedTicketKeys: Sendable {
  /// The octets that a secret must have: whoever has a ticket can try guesses.
  package static let minSecretLength = 32

  package let secret: SecretBytes
  private var hour: Int64
  private var keys: [Int64: TicketKey] = [:]

  /// - Parameter hour: hours since 1970.
  /// - Throws: if libcrypto cannot derive keys.
  package init(_ secret: SecretBytes, hour: Int64) throws(LibraryError) {
    self.secret = secret
    self.hour = hour
    keys = derive(around: hour)
    guard sealing != nil else { throw .take() }
  }

  var sealing: TicketKey? { keys[hour] }

  mutating func enter(hour: Int64) {
    guard hour != self.hour else { return }
    let keys = derive(around: hour)
    // If a key cannot be derived, those that there are stay.
    guard keys[hour] != nil else { return }
    (self.hour, self.keys) = (hour, keys)
  }

  func find(_ name: UnsafeRawBufferPointer) -> TicketKey? {
    keys.values.first { $0.hasName(name) }
  }

  private func derive(around hour: Int64) -> [Int64: TicketKey] {
    let hours = hour - TicketKeys.lifetime / TicketKeys.rotation...hour + 1
    let derived = hours.compactMap { hour in
      (keys[hour] ?? TicketKey(derivedFrom: secret, hour: hour)).map { (hour, $0) }
    }
    return Dictionary(derived, uniquingKeysWith: { first, _ in first })
  }
}

/// One generation's bytes: a public name, a cipher key and a MAC key.
final class TicketKey: Sendable {
  static let nameLength = 16
  private static let cipherKeyLength = 32
  private static let macKeyLength = 32
  private static let length = nameLength + cipherKeyLength + macKeyLength

  private let secret: SecretBytes

  /// A random key; nil if libcrypto has no random numbers.
  convenience init?() {
    self.init(filledBy: { RAND_bytes($0, Int32(Self.length)) })
  }

  /// The key of an hour; nil if libcrypto cannot derive it.
  convenience init?(derivedFrom secret: SecretBytes, hour: Int64) {
    var info = Array("ocean ticket key".utf8)
    withUnsafeBytes(of: hour.bigEndian) { info += $0 }
    self.init(filledBy: { start in
      secret.withUnsafeBytes { secret in
        ocean_HKDF_sha256(secret.baseAddress, secret.count, info, info.count, start, Self.length)
      }
    })
  }

  /// - Parameter fill: writes the key, and returns 1 if it could.
  private init?(filledBy fill: (UnsafeMutablePointer<UInt8>?) -> Int32) {
    ERR_clear_error()
    secret = SecretBytes(capacity: Self.length) { memory in
      fill(memory.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 1 ? Self.length : 0
    }
    guard secret.count == Self.length else { return nil }
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
