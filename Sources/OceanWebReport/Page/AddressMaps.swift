import OceanAddresses
import OceanBase
import OceanPlan
import OceanReport

/// What the page's script draws maps of IPv4 from.
struct AddressMaps {
  struct Map {
    let title: String
    let eighths: [(refused: UInt64, allowed: UInt64)]
    let isComplete: Bool
  }

  /// The most services that are drawn.
  private static let maxMaps = 8
  /// The most octets of all maps: one of a million ranges has up to three million.
  private static let maxSize = 4_000_000

  private(set) var maps: [Map] = []
  private var hidden = 0
  /// JSON objects.
  private var data: [[UInt8]] = []

  static let summedUp = """
    There are more ranges than a page can hold: the map sums them up in blocks of 4,096 addresses (/20), and shows only \
    the 10,000 largest ranges as they are. A block of which a part changes is shown as partly changed, however far one \
    looks into it. What decides about a single address: ocean explain --from ADDRESS; every range: --format json.
    """

  init(_ sections: [AccessSection]) {
    var size = 0
    for section in sections where section.eighths.contains(where: { $0.refused > 0 || $0.allowed > 0 }) {
      let map = maps.count < Self.maxMaps ? Self.json(section) : []
      guard !map.isEmpty, maps.isEmpty || size + map.count <= Self.maxSize else {
        hidden += 1
        continue
      }
      size += map.count
      maps.append(
        Map(title: section.title, eighths: section.eighths, isComplete: section.survey.v4.isComplete))
      data.append(map)
    }
  }

  var isEmpty: Bool { maps.isEmpty }

  /// What the page leaves out, if it does.
  var note: HTML { hidden > 0 ? " Maps of \(hidden) more services are left out." : "" }

  var json: String {
    var json = Array("[".utf8)
    for (index, map) in data.enumerated() { json += (index > 0 ? Array(",".utf8) : []) + map }
    return (json + Array("]".utf8)).jsonForScript
  }

  private static func json(_ section: AccessSection) -> [UInt8] {
    let (difference, survey) = (section.part.difference, section.survey)
    var causes = Causes()
    var bytes: [UInt8] = []
    var next: UInt64 = 0
    for piece in survey.v4.pieces {
      bytes.append(number: UInt64(piece.first) - next)
      bytes.append(number: UInt64(piece.extent))
      next = UInt64(piece.last) + 1
      for (standing, side) in [(piece.before, AccessDifference.Side.before), (piece.after, .after)] {
        let cause = causes.number(of: standing, side, in: difference)
        bytes.append(number: UInt64(cause) << 1 | (standing.isAllowed ? 1 : 0))
      }
    }
    var json = Array("{\"title\":".utf8)
    json.append(json: section.title)
    json += ",\"refused\":\(section.eighths.reduce(0) { $0 + $1.refused })".utf8
    json += ",\"allowed\":\(section.eighths.reduce(0) { $0 + $1.allowed })".utf8
    json += ",\"eighths\":[".utf8
    json += section.eighths.map { "[\($0.refused),\($0.allowed)]" }.joined(separator: ",").utf8
    json += "],\"pieces\":\"\(bytes.base64)\",\"cells\":".utf8
    json += (survey.grid.map { "\"\($0.runs.base64)\"" } ?? "null").utf8
    json += ",\"causes\":".utf8
    json += causes.json
    json += "}".utf8
    return json
  }

  /// What decides, each once.
  private struct Causes {
    private struct Key: Hashable {
      let standing: AccessDifference.Standing
      let side: AccessDifference.Side
    }

    private var numbers: [Key: Int] = [:]
    private var texts: [(words: String, place: String?)] = []

    mutating func number(
      of standing: AccessDifference.Standing, _ side: AccessDifference.Side, in difference: AccessDifference
    ) -> Int {
      let key = Key(standing: standing, side: side)
      if let number = numbers[key] { return number }
      let cause = difference.cause(of: standing, side)
      numbers[key] = texts.count
      texts.append((cause.words, cause.place?.description))
      return texts.count - 1
    }

    var json: [UInt8] {
      var json = Array("[".utf8)
      for (index, text) in texts.enumerated() {
        json += (index > 0 ? ",[" : "[").utf8
        json.append(json: text.words)
        if let place = text.place {
          json += ",".utf8
          json.append(json: place)
        }
        json += "]".utf8
      }
      return json + Array("]".utf8)
    }
  }
}

extension AccessSection {
  fileprivate var eighths: [(refused: UInt64, allowed: UInt64)] { survey.eighths }
}
