import CLinux
import Glibc

/// Many short strings that resemble each other (file names of one Maildir), in a third of their bytes.
///
/// A string is a template and digits. In the template each run of hexadecimal digits is one placeholder;
/// templates are few, and each is kept once. In `bytes` a string is the number of its template and, for each
/// placeholder, the run's length and digits, four bits each. A string that has no template is written out:
/// there is room for only so many templates, and the strings may be any bytes.
///
/// Every position in `bytes` can be read: whatever is there, reading stays inside and gives at most
/// `maximumLength` bytes.
struct PackedStrings: Sendable {
  static let maximumLength = 255
  static let maximumTemplates = 4096

  /// The placeholders, which are in no file name.
  static let lower: UInt8 = 0
  static let upper = UInt8(ascii: "/")
  /// The longest run that one placeholder stands for; longer runs have several.
  static let longestRun = 15
  /// The shortest run with a placeholder; shorter runs stay in the template.
  static let shortestRun = 3
  /// The length of the buffer that is read into: runs are written in words, so there is always room for a
  /// whole one.
  private static let bufferLength = maximumLength + longestRun + 1

  private(set) var bytes: [UInt8] = []
  private(set) var templates: [UInt8] = []
  /// The start of each template in `templates`, and, as one more element, the end of the last.
  private(set) var templateStarts: [UInt32] = [0]

  init() {}

  /// Nil unless the templates are whole.
  init?(bytes: [UInt8], templates: [UInt8], templateStarts: [UInt32]) {
    guard templateStarts.first == 0, templateStarts.last.map(Int.init) == templates.count,
      templateStarts.count <= Self.maximumTemplates + 1,
      zip(templateStarts, templateStarts.dropFirst()).allSatisfy({ $0 <= $1 })
    else { return nil }
    (self.bytes, self.templates, self.templateStarts) = (bytes, templates, templateStarts)
  }

  var byteCount: Int { bytes.count + templates.count + templateStarts.count * 4 }

  /// The string at a position; valid within `body`. The byte behind it is 0.
  func withString<R>(at start: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    withUnsafeTemporaryAllocation(byteCount: Self.bufferLength, alignment: 1) { buffer in
      let count = read(at: start, into: buffer)
      buffer[count] = 0
      return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// The end of the string at `start`, where the next one begins.
  func end(of start: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: Self.bufferLength, alignment: 1) { buffer in
      bytes.withUnsafeBytes { bytes in
        var source = Digits(bytes, start)
        _ = read(&source, into: buffer)
        return min(source.end, bytes.count)
      }
    }
  }

  private func read(at start: Int, into output: UnsafeMutableRawBufferPointer) -> Int {
    bytes.withUnsafeBytes { bytes in
      var source = Digits(bytes, start)
      return read(&source, into: output)
    }
  }

  private func read(_ source: inout Digits, into output: UnsafeMutableRawBufferPointer) -> Int {
    var template = Int(source.byte())
    if template >= 128 { template = template - 128 | Int(source.byte()) << 7 }
    guard template > 0 else { return source.copy(Int(source.byte()), to: output) }
    guard template < templateStarts.count, output.count >= Self.bufferLength, let text = output.baseAddress
    else { return 0 }
    return templates.withUnsafeBytes { templates in
      let (first, end) = (Int(templateStarts[template - 1]), Int(templateStarts[template]))
      var count = 0
      for position in first..<end {
        let byte = templates[position]
        if byte == Self.lower || byte == Self.upper {
          // Behind `maximumLength` there is room for one run.
          count = min(
            count + source.digits(to: text + count, isUpper: byte == Self.upper), Self.maximumLength)
        } else if count < Self.maximumLength {
          text.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
          count += 1
        }
      }
      return count
    }
  }

  /// Appends the bytes of strings as they are in `other`, all of whose templates this has under the same
  /// numbers.
  mutating func append(_ range: Range<Int>, of other: PackedStrings) {
    bytes.append(contentsOf: other.bytes[range])
  }

  mutating func reserveCapacity(_ count: Int) {
    bytes.reserveCapacity(count)
    bytes.withUnsafeMutableBytes { linux_expect_use($0.baseAddress, count) }
  }

  /// Takes over another's templates. Those that this has strings of must be among them, under the same
  /// numbers.
  mutating func adoptTemplates(of other: PackedStrings) {
    (templates, templateStarts) = (other.templates, other.templateStarts)
  }

  /// Appends a string; `index` must be of this value and no other.
  mutating func append(_ string: UnsafeRawBufferPointer, _ index: inout TemplateIndex) {
    let string = UnsafeRawBufferPointer(rebasing: string.prefix(Self.maximumLength))
    withUnsafeTemporaryAllocation(byteCount: 3 * Self.maximumLength, alignment: 1) { scratch in
      var splitter = Splitter(
        template: UnsafeMutableRawBufferPointer(rebasing: scratch[..<Self.maximumLength]),
        digits: UnsafeMutableRawBufferPointer(rebasing: scratch[Self.maximumLength...]))
      guard splitter.split(string), let number = index.number(of: splitter.templateBytes, in: &self) else {
        bytes.append(0)
        bytes.append(UInt8(truncatingIfNeeded: string.count))
        bytes.append(contentsOf: string)
        return
      }
      if number < 128 {
        bytes.append(UInt8(truncatingIfNeeded: number))
      } else {
        bytes.append(UInt8(truncatingIfNeeded: number | 128))
        bytes.append(UInt8(truncatingIfNeeded: number >> 7))
      }
      bytes.append(contentsOf: splitter.digitBytes)
    }
  }

  fileprivate mutating func addTemplate(_ template: UnsafeRawBufferPointer) {
    templates.append(contentsOf: template)
    templateStarts.append(UInt32(truncatingIfNeeded: templates.count))
  }

  fileprivate func template(_ number: Int) -> Range<Int> {
    Int(templateStarts[number - 1])..<Int(templateStarts[number])
  }

  /// Reads bytes, then digits of four bits; zeros beyond the end.
  private struct Digits {
    private let bytes: UnsafeRawBufferPointer
    /// The position in digits, two a byte.
    private var position: Int
    private let limit: Int

    init(_ bytes: UnsafeRawBufferPointer, _ start: Int) {
      self.bytes = bytes
      limit = 2 * bytes.count
      position = 2 * min(max(start, 0), bytes.count)
    }

    var end: Int { (position + 1) >> 1 }

    mutating func byte() -> UInt8 {
      guard position < limit else { return 0 }
      defer { position += 2 }
      return bytes[position >> 1]
    }

    mutating func digit() -> UInt8 {
      guard position < limit else { return 0 }
      let byte = bytes[position >> 1]
      defer { position += 1 }
      return position & 1 == 0 ? byte >> 4 : byte & 15
    }

    /// Writes the digits of one placeholder as text.
    ///
    /// - Parameter output: 16 bytes, which are all written.
    /// - Returns: how many of them are text.
    mutating func digits(to output: UnsafeMutableRawPointer, isUpper: Bool) -> Int {
      let count = digit()
      let (first, second) = (word(at: position), word(at: position + 8))
      output.storeBytes(of: Self.text(first, isUpper).bigEndian, as: UInt64.self)
      output.storeBytes(of: Self.text(second, isUpper).bigEndian, toByteOffset: 8, as: UInt64.self)
      position = min(position + Int(count), limit)
      return Int(count)
    }

    /// Eight digits, the first one uppermost.
    private func word(at position: Int) -> UInt32 {
      let start = position >> 1
      var five: UInt64 = 0
      if start + 8 <= bytes.count {
        five = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)) >> 24
      } else {
        for offset in start..<start + 5 {
          five = five << 8 | (offset < bytes.count ? UInt64(bytes[offset]) : 0)
        }
      }
      return UInt32(truncatingIfNeeded: position & 1 == 0 ? five >> 8 : five >> 4)
    }

    /// Eight digits as eight characters.
    private static func text(_ digits: UInt32, _ isUpper: Bool) -> UInt64 {
      var word = UInt64(digits)
      word = (word | word << 16) & 0x0000_FFFF_0000_FFFF
      word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
      word = (word | word << 4) & 0x0F0F_0F0F_0F0F_0F0F
      // From 10 on a digit is a letter: adding 6 carries into the next four bits.
      let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
      return word &+ 0x3030_3030_3030_3030 &+ letters &* (isUpper ? 7 : 39)
    }

    mutating func copy(_ count: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
      let start = position >> 1
      let count = min(count, bytes.count - start)
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
      position += 2 * count
      return count
    }
  }
}

/// Finds templates by their bytes; needed only while strings are added.
struct TemplateIndex {
  /// Numbers of templates, 0 for a free place; the place comes from the template's hash.
  private var slots: [UInt16]

  init(of strings: PackedStrings) {
    slots = Array(repeating: 0, count: 2 * PackedStrings.maximumTemplates)
    strings.templates.withUnsafeBytes { templates in
      for number in 1..<max(strings.templateStarts.count, 1) {
        let template = UnsafeRawBufferPointer(rebasing: templates[strings.template(number)])
        slots[slot(of: template, in: strings).position] = UInt16(truncatingIfNeeded: number)
      }
    }
  }

  /// The number of a template, a new one if need be; nil if there is no room for one more.
  fileprivate mutating func number(
    of template: UnsafeRawBufferPointer, in strings: inout PackedStrings
  ) -> Int? {
    let (position, number) = slot(of: template, in: strings)
    if number > 0 { return number }
    guard strings.templateStarts.count <= PackedStrings.maximumTemplates else { return nil }
    strings.addTemplate(template)
    slots[position] = UInt16(truncatingIfNeeded: strings.templateStarts.count - 1)
    return strings.templateStarts.count - 1
  }

  private func slot(
    of template: UnsafeRawBufferPointer, in strings: PackedStrings
  ) -> (position: Int, number: Int) {
    var position = Int(truncatingIfNeeded: XXHash.hash(template) & UInt64(slots.count - 1))
    // Half of the places are always free.
    while slots[position] > 0 {
      let number = Int(slots[position])
      let isSame = strings.templates.withUnsafeBytes {
        let other = UnsafeRawBufferPointer(rebasing: $0[strings.template(number)])
        return other.count == template.count && other.elementsEqual(template)
      }
      if isSame { return (position, number) }
      position = (position + 1) & (slots.count - 1)
    }
    return (position, 0)
  }
}
