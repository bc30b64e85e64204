import OceanAddresses
import OceanPlan
import OceanSyntax

extension Lowering {
  /// The list in a file; nil if it could not be read, which has been reported.
  mutating func listFile(_ path: String, _ text: String, at span: Span) -> AddressList? {
    if let known = addressLists.files[path] { return known }
    if addressLists.fileSpans[path] == nil { addressLists.fileSpans[path] = span }
    switch facts.listFiles[path] {
    case .read(let file, let digest):
      addInput(PlanFile.Input(role: .addresses, path: path, sha256: digest))
      let list = AddressList(
        parsing: Array(file.text.utf8),
        limits: .init(blocks: Plan.Bounds.listBlocks, errors: Self.maxLineErrors))
      report(list, file.format, text, path, at: span)
      // The good lines of a file are not the list that somebody wrote.
      if addressLists.unusable[path] != nil { return withoutEntries(path) }
      addressLists.files[path] = list
      if purpose.wantsAdvice {
        addressLists.fileAddresses[path] = AddressSet(list.rules)
        reportCoveredLines(of: list, path, text, at: span)
      }
      return list
    case .missing: return reportUnread("there is no file \(path)", path, at: span)
    case .unreadable(let reason): return reportUnread("cannot read \(path): \(reason)", path, at: span)
    case .notPermitted where purpose == .starting:
      return reportUnread("this user may not read \(path)", path, at: span)
    // There is no plan without its addresses: the set of those who may connect would be different.
    case .notPermitted: reportNotChecked("\(path) (not readable by this user)")
    // It must never become an empty list: the set of those who may connect would be different.
    case nil:
      addressLists.unanswered.insert(path)
      reportNotChecked("\(path) (not among the facts)")
    }
    return nil
  }

  /// - Returns: nil, or for a server that starts a list without entries.
  private mutating func reportUnread(_ message: String, _ path: String, at span: Span) -> AddressList? {
    reportFault(
      .listFileUnreadable, message, of: path, at: span,
      help: purpose.isChecking
        ? "without it a reload changes nothing, and a start takes the entries of the last confirmed plan that has them"
        : nil)
    guard addressLists.unusable[path] != nil else { return nil }
    addInput(PlanFile.Input(role: .addresses, path: path, sha256: nil))
    return withoutEntries(path)
  }

  /// Reports why a list file cannot be used. A server that is down does not help anybody: it starts with the
  /// entries that a confirmed plan has of the file.
  private mutating func reportFault(
    _ code: DiagnosticCode, _ message: String, of path: String, at span: Span, help: String? = nil
  ) {
    let isStarting = purpose == .starting
    if isStarting, addressLists.unusable[path] == nil { addressLists.unusable[path] = message }
    report(code, span, message, help: help, severity: isStarting ? .warning : nil)
  }

  /// The list that stands for a file until its entries come from a confirmed plan.
  private mutating func withoutEntries(_ path: String) -> AddressList {
    let list = AddressList(parsing: [], limits: .init(blocks: 0, errors: 0))
    addressLists.files[path] = list
    return list
  }

  /// Checks a list that was read without errors.
  ///
  /// - Returns: whether it keeps the bounds of its entry.
  mutating func checkBounds(of list: AddressList, _ file: ListFileEntry, at span: Span) -> Bool {
    let breaches = file.bounds.breaches(by: list.rules)
    for breach in breaches {
      let (bound, help) =
        switch breach {
        case .tooFew:
          (file.given.atLeast, "if the list is whole, write a smaller number; if not, fetch it again")
        case .tooMany: (file.given.atMost, "if all of them belong there, write a larger number")
        case .tooLarge: (file.given.largestNetwork, "if it belongs there, write a shorter length")
        }
      // A server that is down does not help anybody: it starts with the list that it has kept.
      report(
        .brokenBound, bound?.span ?? span, breach.sentence(about: file.text), help: help,
        severity: purpose == .starting ? .warning : nil)
    }
    if breaches.isEmpty { reportEverything(in: file, at: span) }
    return breaches.isEmpty
  }

  /// Reports a list that holds every address of a family: in what somebody else publishes that is a mistake.
  private mutating func reportEverything(in file: ListFileEntry, at span: Span) {
    guard let addresses = addressLists.fileAddresses[file.path] else { return }
    let families = IPFamily.allCases.filter { AddressSet.all($0).isSubset(of: addresses) }
    guard !families.isEmpty else { return }
    let names = families.map(\.name).joined(separator: " and ")
    let large = addressLists.files[file.path].flatMap {
      ListBounds(largestNetwork: 1).breaches(by: $0.rules).first
    }
    var line: String?
    if case .tooLarge(let entry, let number, _, _) = large { line = "\(file.text):\(number) is \(entry)" }
    report(
      .everyAddressListed, span, "\(file.text) holds every \(names) address", label: line,
      help: file.given.largestNetwork == nil
        ? "a bound keeps such a list from being used: largest_network: /8"
        : "if that is meant, say so with default, and without a list")
  }

  private static let maxLineErrors = 20

  private mutating func report(
    _ list: AddressList, _ format: AddressListFile.Format?, _ file: String, _ path: String, at span: Span
  ) {
    guard let first = list.errors.first else { return }
    if let format {
      let count = list.errors.count + list.furtherErrors
      reportFault(
        .badListFile,
        "\(file):\(first.line): \(format.words)"
          + (count > 1 ? " (and \(counted(count - 1, "more line")))" : ""),
        of: path, at: span, help: format.help(path))
      return
    }
    // Lines that cannot be part of a list are reported together, and nothing of them is shown.
    let hidden = list.errors.filter { $0.text == nil }
    if let first = hidden.first {
      let rest = hidden.count - 1 + (hidden.count == list.errors.count ? list.furtherErrors : 0)
      reportFault(
        .badListFile,
        "\(file):\(first.line): no address, network or range"
          + (rest > 0 ? " (nor \(counted(rest, "more line")))" : ""),
        of: path, at: span,
        help: "like 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 192.168.*.* or 2001:db8::/32")
    }
    for error in list.errors where error.text != nil { report(error, file, path, at: span) }
    if list.furtherErrors > 0, hidden.count < list.errors.count {
      reportFault(
        .badListFile, "\(file): \(counted(list.furtherErrors, "more wrong line"))", of: path, at: span)
    }
  }

  private mutating func report(_ error: AddressList.LineError, _ file: String, _ path: String, at span: Span)
  {
    let place = "\(file):\(error.line):\(error.columns.lowerBound)"
    switch error.reason {
    case .pattern(let reason):
      let words = reason.words(for: error.text ?? "")
      reportFault(.badListFile, "\(place): \(words.message)", of: path, at: span, help: words.help)
    case .severalEntries:
      reportFault(
        .badListFile, "\(place): an entry after ';', which starts a comment", of: path, at: span,
        help: "one entry a line")
    case .tooManyBlocks(let limit):
      reportFault(
        .badListFile, "\(place): more than \(limit) networks", of: path, at: span,
        help: "what follows was not read; split the list")
    }
  }
}

extension AddressListFile.Format {
  fileprivate var words: String {
    switch self {
    case .fields(.blank, 1, _): "more fields than the address"
    case .fields(.blank, let column, _): "fields, of which the address is number \(column)"
    case .fields(let separator, 1, _): "fields with '\(separator.rawValue)' between them"
    case .fields(let separator, let column, _):
      "fields with '\(separator.rawValue)' between them, of which the address is number \(column)"
    case .several: "several entries on one line"
    case .pairs: "several addresses on one line, which may be a range"
    case .masks: "an address, and what may be the mask or the length of its network"
    case .table: "a table of addresses and actions, some of which let clients in"
    case .jsonLines, .json: "JSON"
    case .markup: "a web page (HTML or XML), not a list"
    }
  }

  /// How to make a list of the file at `path`. If the help is a command, it makes a list of everything in the
  /// file.
  fileprivate func help(_ path: String) -> String {
    switch self {
    case .fields, .several, .jsonLines:
      "a list file has one entry a line; make one, and name it:\n\(conversion) "
        + "\(path.shellQuoted) > \((path + ".list").shellQuoted)"
    case .pairs:
      "a list file has one entry a line, and only you know what these are: two addresses are two lines, a range is "
        + "203.0.113.0-203.0.113.255, a network 203.0.113.0/24"
    case .masks:
      "a list file has one entry a line; an address and its mask are a network: for 203.0.113.0 and 255.255.255.0, or 24, "
        + "write 203.0.113.0/24. If the number says something else, leave it out"
    case .table:
      "a list file has one entry a line, and no actions: those of a black list are refused, those of a white list come in. "
        + "Make a file of each kind; the order of lines means nothing to ocean"
    case .json: "a list file has one entry a line: take the addresses out of the JSON, with jq for example"
    case .markup:
      "look at it: where something failed, a server sends a page instead of the list. Fetch the list again, with "
        + "'curl --fail'"
    }
  }

  private var conversion: String {
    switch self {
    case .fields(let separator, let column, let header):
      "awk \(separator.option)'\(header > 0 ? "NR > \(header) " : ""){ \(separator.cleaning); print $\(column) }'"
    case .several(let separator):
      "awk \(separator.option)'{ \(separator.cleaning); for (i = 1; i <= NF; i++) print $i }'"
    case .jsonLines(let key):
      #"sed -n -e '/^[[:space:]]*[#;]/d' -e 's/.*"\#(key)"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p'"#
    default: ""
    }
  }
}

extension AddressListFile.FieldSeparator {
  fileprivate var option: String { self == .blank ? "" : "-F'\(rawValue)' " }

  /// The part of the command that removes comments and quotes.
  fileprivate var cleaning: String {
    self == .semicolon
      ? #"sub(/^[ \t]*;.*|#.*/, ""); gsub(/"/, "")"# : #"sub(/[#;].*/, ""); gsub(/"/, "")"#
  }
}
