extension Duration {
  /// Writes a duration as in a config: `1h30m`, and `1m30s` for 90 seconds.
  package static func text(seconds: Int) -> String {
    var rest = seconds
    var text = ""
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] where rest >= size {
      text += "\(rest / size)\(unit)"
      rest %= size
    }
    return text.isEmpty ? "0s" : text
  }

  /// Reads the seconds of `1h30m`; nil if it is not written that way or too large.
  package static func seconds(_ text: String) -> Int? {
    var total = 0
    var number: Int?
    for byte in text.utf8 {
      if (48...57).contains(byte) {
        let (product, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(Int(byte) - 48)
        guard !overflow, !overflow2 else { return nil }
        number = sum
        continue
      }
      let unit: Int
      switch byte {
      case UInt8(ascii: "s"): unit = 1
      case UInt8(ascii: "m"): unit = 60
      case UInt8(ascii: "h"): unit = 3600
      case UInt8(ascii: "d"): unit = 86_400
      default: return nil
      }
      guard let count = number else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit)
      let (sum, overflow2) = total.addingReportingOverflow(product)
      guard !overflow, !overflow2 else { return nil }
      total = sum
      number = nil
    }
    return number == nil && !text.isEmpty ? total : nil
  }
}
