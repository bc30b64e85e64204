struct Measurement {
  let name: String
  let fileBytes: Int
  /// These six are nanoseconds for the whole set.
  let parse: Int
  let compile: Int
  let set: Int
  let cover: Int
  let encode: Int
  let decode: Int
  /// The resident bytes that the compiled table adds.
  let tableMemory: Int
  /// The bytes at the peak, with the file and everything made from it.
  let peakMemory: Int
  let hitRate: Double
  /// These two are nanoseconds for one lookup.
  let independent: Double
  let dependent: Double
  let checksum: String

  static let header = """
    | set | file MB | parse ms | compile ms | table MB | peak MB | to set ms | cover ms | encode ms | decode ms \
    | hits | ns independent | ns dependent | found |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
    """

  var row: String {
    let cells = [
      name, megabytes(fileBytes), milliseconds(parse), milliseconds(compile), megabytes(tableMemory),
      megabytes(peakMemory), milliseconds(set), milliseconds(cover), milliseconds(encode),
      milliseconds(decode),
      "\(Int(hitRate * 100)) %", tenths(independent), tenths(dependent), checksum,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  private func megabytes(_ bytes: Int) -> String {
    bytes < 1_000_000 ? "\(Double(bytes) / 1e6)" : tenths(Double(bytes) / 1e6)
  }

  private func milliseconds(_ nanoseconds: Int) -> String {
    nanoseconds < 1_000_000 ? "\(Double(nanoseconds / 1000) / 1000)" : tenths(Double(nanoseconds) / 1e6)
  }

  private func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}
