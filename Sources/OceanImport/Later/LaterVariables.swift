/// The variables of Dovecot 2.4, made into those of 2.3: `%{user | username | lower}` into `%Ln`.
enum LaterVariables {
  /// Variables that have no counterpart stay as they are: they cannot be expanded, and that is reported. `%u` is text to 2.4,
  /// and becomes `%%u`.
  static func converted(_ text: String) -> String {
    var rest = text[...]
    var result = ""
    while let open = rest.firstRange(of: "%{") {
      result += rest[..<open.lowerBound].replacing("%", with: "%%")
      rest = rest[open.upperBound...]
      guard let close = rest.firstIndex(of: "}") else { return result + "%{" + rest }
      let inside = rest[..<close]
      rest = rest[rest.index(after: close)...]
      result += variable(inside.split(separator: "|").map { String($0).trimmed }) ?? "%{\(inside)}"
    }
    return result + rest.replacing("%", with: "%%")
  }

  private static func variable(_ words: [String]) -> String? {
    guard let name = words.first else { return nil }
    var filters = Set(words.dropFirst())
    guard filters.count == words.count - 1 else { return nil }
    let lower = filters.remove("lower") == nil ? "" : "L"
    switch (name, filters) {
    case ("user", []): return "%\(lower)u"
    case ("user", ["username"]): return "%\(lower)n"
    case ("user", ["domain"]): return "%\(lower)d"
    case ("home", []): return "%\(lower)h"
    case ("protocol", []), ("service", []): return "%\(lower)s"
    default: return nil
    }
  }
}
