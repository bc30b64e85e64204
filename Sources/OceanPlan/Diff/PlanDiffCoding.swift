package import OceanAddresses

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif
internal import OceanBase

/// The JSON form: changes with their places, and address sets as the fewest CIDR blocks.
extension PlanDiff {
  /// Encodes the diff with sorted keys, on one line that ends.
  package func json() throws -> [UInt8] {
    var json: [UInt8] = []
    try writeJSON { json += $0 }
    return json
  }

  /// Writes the same text in parts of about a mebibyte: for long lists it has hundreds of them. No part ends within a
  /// string.
  ///
  /// Everything that grows with the address lists is put together here: there may be millions of pieces, and
  /// an encoder takes 25 microseconds and three kilobytes for each.
  package func writeJSON(to output: ([UInt8]) -> Void) throws {
    let rest = try CanonicalJSON.line(PlanDiffRest(diff: self))
    let plaintext =
      plaintextLogins.map { ($0, nil) }
      + handedOver.filter(\.changesPlaintext).map { ($0.plaintextLogins, Optional($0.endpoint)) }
    withoutActuallyEscaping(output) { output in
      var json = JSONText(output: output)
      json += "{\"access\":"
      json.addArray(access) { $0.write(to: &$1) }
      json += ",\"access_handed_over\":"
      json.addArray(handedOver) { $0.access.write(to: &$1, at: $0.endpoint) }
      if let monitorAccess {
        json += ",\"access_monitor\":"
        monitorAccess.write(to: &json)
      }
      json += ",\"access_without_tls\":"
      json.addArray(plaintext) { $0.0.write(to: &$1, at: $0.1) }
      json += ",\"changes\":"
      json.addArray(changes) { write($0, to: &$1) }
      json += ","
      json.flush()
    }
    // The first keys in order have been written above.
    output(Array(rest.dropFirst()))
  }

  /// Writes a change. An address list appears whole three times, as before, after and difference: otherwise
  /// two changes could read the same.
  private func write(_ change: Change, to json: inout JSONText) {
    json += "{"
    let difference = change.addresses
    if let difference {
      json += "\"added\":["
      json.add(IPFamily.allCases.lazy.flatMap { difference.added.prefixes(of: $0) })
      json += "],"
    }
    json += "\"after\":"
    json.add(change.after)
    json += ",\"before\":"
    json.add(change.before)
    json += ",\"class\":"
    json.add(changeClass(of: change).rawValue)
    json += ",\"direction\":"
    json.add(direction(of: change)?.rawValue)
    json += ",\"effect\":"
    json.add(change.effect)
    json += ",\"old_span\":"
    json.add(old?.provenance.origin(around: change.path))
    json += ",\"path\":"
    json.add(change.path)
    if let difference {
      json += ",\"removed\":["
      json.add(IPFamily.allCases.lazy.flatMap { difference.removed.prefixes(of: $0) })
      json += "]"
    }
    json += ",\"span\":"
    json.add(new.provenance.origin(around: change.path))
    json += "}"
  }
}

extension AccessDifference {
  /// - Parameter endpoint: the address and port that it is about, if it is about one.
  fileprivate func write(to json: inout JSONText, at endpoint: Endpoint? = nil) {
    json += "{\"because\":["
    var isFirst = true
    forEachPiece { range, before, after in
      json += isFirst ? "{\"addresses\":[" : ",{\"addresses\":["
      isFirst = false
      json.add(range.prefixes)
      json += "],\"after\":"
      json.add(after)
      json += ",\"before\":"
      json.add(before)
      json += "}"
    }
    json += "],\"kept\":["
    for (index, reason) in kept.enumerated() {
      json += index == 0 ? "{\"addresses\":[" : ",{\"addresses\":["
      json.add(IPFamily.allCases.lazy.flatMap { reason.addresses.prefixes(of: $0) })
      json += "],\"by\":"
      json.add(reason.after)
      json += "}"
    }
    json += "]"
    if let endpoint {
      json += ",\"listener\":"
      json.add(endpoint.description)
    }
    json += ",\"newly_allowed\":["
    json.add(IPFamily.allCases.lazy.flatMap { newlyAllowed.prefixes(of: $0) })
    json += "],\"newly_allowed_count\":"
    json.add(newlyAllowed.total)
    json += ",\"newly_refused\":["
    json.add(IPFamily.allCases.lazy.flatMap { newlyRefused.prefixes(of: $0) })
    json += "],\"newly_refused_count\":"
    json.add(newlyRefused.total)
    json += ",\"reach\":"
    json.add(reach)
    json += ",\"relation\":"
    json.add(relation.rawValue)
    json += ",\"service\":"
    json.add(isOfMonitor ? nil : service)
    json += "}"
  }
}

/// JSON text that is being written.
private struct JSONText {
  private static let part = 1 << 20

  private var bytes: [UInt8] = []
  private let output: ([UInt8]) -> Void

  init(output: @escaping ([UInt8]) -> Void) { self.output = output }

  /// Passes on what has not been passed on.
  mutating func flush() {
    output(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  mutating func addArray<Element>(_ elements: [Element], _ add: (Element, inout JSONText) -> Void) {
    self += "["
    for (index, element) in elements.enumerated() {
      if index > 0 { self += "," }
      add(element, &self)
    }
    self += "]"
  }

  static func += (json: inout JSONText, text: StaticString) {
    text.withUTF8Buffer { json.bytes.append(contentsOf: $0) }
  }

  /// Adds the strings of an array.
  mutating func add(_ prefixes: some Sequence<IPPrefix>) {
    var isFirst = true
    for prefix in prefixes {
      self += isFirst ? "\"" : ",\""
      isFirst = false
      bytes.append(textOf: prefix)
      self += "\""
      if bytes.count > Self.part { flush() }
    }
  }

  mutating func add(_ text: String?) {
    guard let text else { return self += "null" }
    bytes.append(json: text)
  }

  mutating func add(_ reach: (before: Reach, after: Reach)?) {
    guard let reach else { return self += "null" }
    self += "{\"after\":"
    add(reach.after)
    self += ",\"before\":"
    add(reach.before)
    self += "}"
  }

  private mutating func add(_ reach: Reach) {
    self += "{\"ipv4\":"
    add(reach.v4.rawValue)
    self += ",\"ipv6\":"
    add(reach.v6.rawValue)
    self += reach.hasProxy ? ",\"proxy\":true}" : ",\"proxy\":false}"
  }

  mutating func add(_ cause: AccessDifference.Cause) {
    self += "{\"by\":"
    add(cause.what)
    self += ",\"list\":"
    add(cause.via)
    self += ",\"rule\":"
    add(cause.rule)
    self += ",\"span\":"
    add(cause.place)
    self += "}"
  }

  mutating func add(_ place: Provenance.Origin?) {
    guard let place else { return self += "null" }
    self += "{\"column\":"
    bytes.append(contentsOf: String(place.column).utf8)
    self += ",\"file\":"
    add(place.file)
    self += ",\"line\":"
    bytes.append(contentsOf: String(place.line).utf8)
    self += "}"
  }
}

extension AddressSet {
  /// How many addresses both families hold, in decimal. The number may exceed 128 bits.
  package var total: String {
    let half = 1_000_000_000_000_000_000 as UInt128
    func parts(_ count: AddressCount) -> (high: UInt128, low: UInt128) {
      switch count {
      case .some(let number): (number / half, number % half)
      case .allV6: (UInt128.max / half, UInt128.max % half + 1)
      }
    }
    let (four, six) = (parts(count(.v4)), parts(count(.v6)))
    let low = four.low + six.low
    let high = four.high + six.high + low / half
    let rest = String(low % half)
    return high == 0 ? rest : String(high) + String(repeating: "0", count: 18 - rest.utf8.count) + rest
  }
}
