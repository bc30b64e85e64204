internal import OceanBase
internal import OceanPlan

extension RemoteAccount {
  /// Reads an entry of a directory.
  init(
    _ entry: LDAPConnection.Entry, _ settings: Plan.LDAP, named name: AccountName,
    meantBy question: AccountQuestion
  ) {
    self.init(named: name, meantBy: question)
    compare(entry, settings.filter, name, question)
    for field in settings.fields {
      let values = entry.values[field.attribute] ?? []
      let place = "the attribute \(field.attribute)"
      switch values.count {
      case 0:
        // Nobody's password is compared with nothing.
        if field.name == "password" { refuse("its entry has no attribute \(field.attribute)") }
      case 1: take(Self.value(values[0], of: field.name), of: field.name, at: place)
      default:
        guard ["allow_nets", "services"].contains(field.name) else {
          refuse("\(place) has \(values.count) values")
          continue
        }
        take(Self.joined(values), of: field.name, at: place)
      }
    }
  }

  /// Refuses an entry that the filter should not have found: the login is not what it has.
  ///
  /// Directories compare without case, and some without accents or blanks. An attribute that is not shown to the server
  /// proves nothing.
  private mutating func compare(
    _ entry: LDAPConnection.Entry, _ filter: LDAPFilter, _ name: AccountName, _ question: AccountQuestion
  ) {
    var others: [String] = []
    // The same user of another domain has another account.
    var (isUserFound, isDomainFound) = (false, !question.isForeign(name))
    var isByUserAlone = false
    for comparison in filter.comparisons {
      let parameters = comparison.parameters
      guard !parameters.isEmpty else { continue }
      let tellsDomain = parameters.contains(.address) || parameters.contains(.domain)
      if !tellsDomain, parameters.contains(.user) { isByUserAlone = true }
      let values = entry.values[comparison.attribute] ?? []
      guard !values.isEmpty, let expected = question.value(comparison.value, for: name) else { continue }
      let isFound = values.contains { value in
        guard case .bytes(let bytes) = value else { return false }
        return bytes.withUnsafeBytes { AccountName.fold($0).map { $0.utf8.elementsEqual(expected.utf8) } }
          == true
      }
      if !isFound {
        if !others.contains(comparison.attribute) { others.append(comparison.attribute) }
        continue
      }
      if parameters.contains(.address) || parameters.contains(.user) { isUserFound = true }
      if tellsDomain { isDomainFound = true }
    }
    if isUserFound, isDomainFound { return }
    if !others.isEmpty {
      refuse("the attribute \(others.joined(separator: " and ")) is another name than that of the login")
    } else if isByUserAlone, !isDomainFound {
      refuse("no attribute of its entry says that it is of the login's domain")
    }
  }

  /// A value as the fields of accounts have it.
  private static func value(_ value: RemoteValue, of field: String) -> RemoteValue {
    guard field == "expires", let time = value.string.flatMap(generalizedTime) else { return value }
    return .bytes(SecretBytes(copying: Array(time.utf8)))
  }

  /// Several values with commas between them.
  private static func joined(_ values: [RemoteValue]) -> RemoteValue {
    var parts: [SecretBytes] = []
    for value in values {
      guard case .bytes(let bytes) = value else { return .tooLong }
      if !parts.isEmpty { parts.append(SecretBytes(copying: [UInt8(ascii: ",")])) }
      parts.append(bytes)
    }
    let whole = SecretBytes(joining: parts)
    return whole.count > RemoteValue.maxLength ? .tooLong : .bytes(whole)
  }

  /// The time of RFC 3339 for one of RFC 4517 §3.3.13 in seconds: `20270131180000Z`; nil for another text.
  static func generalizedTime(_ text: String) -> String? {
    let digits = Array(text.utf8.prefix(14))
    let rest = text.dropFirst(14)
    guard digits.count == 14, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      rest == "Z" || rest == ".0Z"
    else { return nil }
    let part = { (range: Range<Int>) in String(decoding: digits[range], as: UTF8.self) }
    return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
  }
}

extension AccountQuestion {
  /// The value with which a filter compares, folded; nil if it cannot be a name.
  fileprivate func value(_ parts: [LDAPFilter.Part], for name: AccountName) -> String? {
    let whole = parts.map { part -> String in
      switch part {
      case .text(let text): text
      case .parameter(let parameter): value(of: parameter, for: name)
      }
    }.joined()
    return AccountName.fold(whole.utf8)
  }
}

extension LDAPFilter.Comparison {
  fileprivate var parameters: [LoginParameter] {
    value.compactMap { if case .parameter(let parameter) = $0 { parameter } else { nil } }
  }
}
