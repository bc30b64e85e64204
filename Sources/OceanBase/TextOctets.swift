extension UnsafeRawBufferPointer {
  /// Whether the octets are UTF-8 without control characters. This is found out without a `String`, which
  /// would leave a copy of a secret behind.
  package var isText: Bool {
    var decoder = UTF8()
    var iterator = makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .emptyInput: return true
      case .error: return false
      case .scalarValue(let scalar):
        guard scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value) else { return false }
      }
    }
  }
}
