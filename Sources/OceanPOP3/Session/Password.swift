import Glibc

/// The password that a client sent.
///
/// Nothing prints it: not `print`, `dump`, string interpolation, nor a mirror of a value that contains it.
/// Its memory is overwritten when the last copy of this value goes away.
package struct Password: Sendable {
  private let storage: Storage

  package init(_ bytes: some Collection<UInt8>) {
    storage = Storage(bytes)
  }

  package var isEmpty: Bool { storage.bytes.isEmpty }

  /// The octets as they came, valid inside `body` only.
  package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(storage.bytes))
  }

  /// Unchecked because of the pointer: the memory it points to is written only by `init` and `deinit`.
  private final class Storage: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ source: some Collection<UInt8>) {
      bytes = .allocate(byteCount: source.count, alignment: 1)
      bytes.copyBytes(from: source)
    }

    deinit {
      if let start = bytes.baseAddress {
        explicit_bzero(start, bytes.count)
      }
      bytes.deallocate()
    }
  }
}

extension Password: Equatable {
  /// Compares two inputs with each other. It takes longer the more they agree, so it must not be used to
  /// verify a password.
  package static func == (a: Password, b: Password) -> Bool {
    a.storage.bytes.elementsEqual(b.storage.bytes)
  }
}

extension Password: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "(password)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The name and password that USER and PASS gave (RFC 1939 §7).
package struct Credentials: Sendable, Equatable {
  /// One word of UTF-8 without white space or control characters.
  package var user: String

  /// May be empty: the verifier must refuse an empty password like any other wrong one, in the same time.
  package var password: Password

  package init(user: String, password: Password) {
    self.user = user
    self.password = password
  }
}
