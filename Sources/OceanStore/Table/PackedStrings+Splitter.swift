extension PackedStrings {
  /// Splits a string into its template and its digits.
  struct Splitter {
    let template: UnsafeMutableRawBufferPointer
    let digits: UnsafeMutableRawBufferPointer
    private var templateCount = 0
    private var digitCount = 0

    init(template: UnsafeMutableRawBufferPointer, digits: UnsafeMutableRawBufferPointer) {
      (self.template, self.digits) = (template, digits)
    }

    var templateBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: template[..<templateCount]) }

    var digitBytes: UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: digits[..<((digitCount + 1) / 2)])
    }

    /// Splits a string; false if it contains placeholders itself.
    mutating func split(_ string: UnsafeRawBufferPointer) -> Bool {
      var position = 0
      while position < string.count {
        let (end, hasDecimal, isUpper) = Self.run(in: string, from: position)
        if hasDecimal, end - position >= PackedStrings.shortestRun {
          while position < end {
            let length = min(end - position, PackedStrings.longestRun)
            put(isUpper ? PackedStrings.upper : PackedStrings.lower)
            putDigit(UInt8(truncatingIfNeeded: length))
            for byte in string[position..<position + length] { putDigit(Self.value(byte)) }
            position += length
          }
        } else {
          // At least the one byte that is not a digit.
          for byte in string[position..<max(end, position + 1)] {
            if byte == PackedStrings.lower || byte == PackedStrings.upper { return false }
            put(byte)
          }
          position = max(end, position + 1)
        }
      }
      return true
    }

    /// The run of digits from `start` on whose letters are all lower or all upper case.
    private static func run(
      in string: UnsafeRawBufferPointer, from start: Int
    ) -> (end: Int, hasDecimal: Bool, isUpper: Bool) {
      var (position, hasDecimal, isUpper, isLower) = (start, false, false, false)
      scan: while position < string.count {
        switch string[position] {
        case 0x30...0x39: hasDecimal = true
        case 0x61...0x66 where !isUpper: isLower = true
        case 0x41...0x46 where !isLower: isUpper = true
        default: break scan
        }
        position += 1
      }
      return (position, hasDecimal, isUpper)
    }

    private static func value(_ digit: UInt8) -> UInt8 {
      digit < 0x40 ? digit & 15 : digit & 15 &+ 9
    }

    private mutating func put(_ byte: UInt8) {
      template[templateCount] = byte
      templateCount += 1
    }

    private mutating func putDigit(_ digit: UInt8) {
      if digitCount & 1 == 0 {
        digits[digitCount / 2] = digit << 4
      } else {
        digits[digitCount / 2] |= digit
      }
      digitCount += 1
    }
  }
}
