import OceanPlan
import OceanSyntax

extension Lowering {
  /// The list in a file; nil where it could not be read, which was said.
  mutating func listFile(_ path: String, _ text: String, at span: Span) -> AddressList? {
    if let known = addressLists.files[path] { return known }
    if addressLists.fileSpans[path] == nil { addressLists.fileSpans[path] = span }
    switch facts.listFiles[path] {
    case .read(let file, let digest):
      addInput(PlanFile.Input(role: .addresses, path: path, sha256: digest))
      let list = AddressList(
        parsing: Array(file.text.utf8),
        limits: .init(blocks: Plan.Bounds.listBlocks, errors: Self.mostLineErrors))
      report(list, file.format, text, path, at: span)
      addressLists.files[path] = list
      if purpose.wantsAdvice {
        addressLists.fileAddresses[path] = AddressSet(list.rules)
        reportCoveredLines(of: list, path, text, at: span)
      }
      return list
    case .missing: report(.listFileUnreadable, span, "there is no file \(path)")
    case .unreadable(let reason): report(.listFileUnreadable, span, "cannot read \(path): \(reason)")
    // Without its addresses there is no plan: who may connect would be another set.
    case .notPermitted: reportNotChecked("\(path) (not readable by this user)")
    // Never an empty list: who may connect would be another set.
    case nil:
      addressLists.unanswered.insert(path)
      reportNotChecked("\(path) (not among the facts)")
    }
    return nil
  }

  private static let mostLineErrors = 20

  private mutating func report(
    _ list: AddressList, _ format: AddressListFile.Format?, _ file: String, _ path: String, at span: Span
  ) {
    guard let first = list.errors.first else { return }
    if let format {
      let count = list.errors.count + list.furtherErrors
      report(
        .badListFile, span,
        "\(file):\(first.line): \(format.words)"
          + (count > 1 ? " (and \(counted(count - 1, "more line")))" : ""),
        help: "a list file has one entry a line; make one, and name that:\n\(format.conversion(of: path))")
      return
    }
    // Lines that cannot be part of a list are told together, and nothing of them is shown.
    let hidden = list.errors.filter { $0.text == nil }
    if let first = hidden.first {
      let rest = hidden.count - 1 + (hidden.count == list.errors.count ? list.furtherErrors : 0)
      report(
        .badListFile, span,
        "\(file):\(first.line): no address, network or range"
          + (rest > 0 ? " (nor \(counted(rest, "more line")))" : ""),
        help: "like 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 192.168.*.* or 2001:db8::/32")
    }
    for error in list.errors where error.text != nil { report(error, file, at: span) }
    if list.furtherErrors > 0, hidden.count < list.errors.count {
      report(.badListFile, span, "\(file): \(counted(list.furtherErrors, "more wrong line"))")
    }
  }

  private mutating func report(_ error: AddressList.LineError, _ file: String, at span: Span) {
    let place = "\(file):\(error.line):\(error.columns.lowerBound)"
    switch error.reason {
    case .pattern(let reason):
      let words = reason.words(for: error.text ?? "")
      report(.badListFile, span, "\(place): \(words.message)", help: words.help)
    case .severalEntries:
      report(
        .badListFile, span, "\(place): an entry behind ';', where comments are", help: "one entry a line")
    case .tooManyBlocks(let limit):
      report(
        .badListFile, span, "\(place): more than \(limit) networks",
        help: "what follows was not read; split the list")
    }
  }
}

extension AddressListFile.Format {
  fileprivate var words: String {
    switch self {
    case .columns: "more fields than the address"
    case .table: "a table of addresses and actions, as Postfix has them"
    case .commaSeparated: "fields with commas between them"
    case .jsonLines: "JSON"
    case .semicolons: "several entries on one line"
    }
  }

  /// A command that makes a list of the file at `path`, beside it.
  fileprivate func conversion(of path: String) -> String {
    let (source, target) = (path.shellQuoted, (path + ".list").shellQuoted)
    return switch self {
    case .columns: "awk '/^[0-9a-fA-F]/ { print $1 }' \(source) > \(target)"
    case .table:
      "awk 'tolower($2) ~ /^(reject|discard|drop|deny|4[0-9][0-9]|5[0-9][0-9])/ { print $1 }' \(source) > \(target)"
    case .commaSeparated: "awk -F, '/^[0-9a-fA-F]/ { print $1 }' \(source) > \(target)"
    case .jsonLines(let key):
      "sed -n 's/.*\"\(key)\": *\"\\([^\"]*\\)\".*/\\1/p' \(source) > \(target)"
    case .semicolons: "tr ';' '\\n' < \(source) > \(target)"
    }
  }
}
