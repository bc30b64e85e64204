import OceanBase

/// A chart of a day, five minutes to each step, and the same numbers as a table.
struct PageChart {
  /// What is drawn for a bucket.
  struct Series {
    let name: String
    let value: (Activity.Bucket) -> Int
  }

  let title: String
  let unit: String
  let series: [Series]
  let buckets: [Activity.Bucket]
  /// Whether the numbers are of a moment, so that the largest of an hour counts, or of a span, so that they
  /// add up.
  let isLevel: Bool

  private static let width = 864
  private static let height = 150
  private static let top = 10
  private static let bottom = 22

  var html: HTML {
    let peak = max(1, buckets.map { bucket in series.reduce(0) { $0 + $1.value(bucket) } }.max() ?? 1)
    let bound = Self.rounded(peak)
    let sums = series.map { series in
      let values = buckets.map(series.value)
      return isLevel ? "most \(values.max() ?? 0)" : "\(values.reduce(0, +)) \(series.name)"
    }
    let words = "\(title), last 24 hours: \(sums.joined(separator: ", "))"
    return """
      <figure><figcaption><span><b>\(title)</b> \(unit)</span><span>\(sums.joined(separator: ", "))</span></figcaption>
      <div class="chart" role="region" tabindex="0" aria-label="\(title), chart"><svg viewBox="0 0 \(Self.width + 44) \(Self.height)" role="img" aria-label="\(words)">
      \(grid(bound))\(isLevel ? area(bound) : bars(bound))\(hours)</svg></div>
      <details><summary>\(title) by the hour</summary>\(table)</details></figure>
      """
  }

  /// A number not far above with one or two digits that are not 0, so that the scale can be read.
  private static func rounded(_ peak: Int) -> Int {
    var step = 1
    while step <= peak / 10 { step *= 10 }
    let tenths = step < 10 ? [10, 20, 40, 60, 80, 100] : [10, 12, 16, 20, 30, 40, 60, 80, 100]
    return tenths.map { $0 * step / 10 }.first { $0 >= peak } ?? peak
  }

  private static func y(_ value: Int, _ bound: Int) -> Int {
    height - bottom - value * (height - bottom - top) / max(1, bound)
  }

  private func grid(_ bound: Int) -> HTML {
    var lines = HTML.empty
    for value in Set([0, bound / 2, bound]).sorted() {
      let y = Self.y(value, bound)
      lines += """
        <line class="grid" x1="0" x2="\(Self.width)" y1="\(y)" y2="\(y)"/>\
        <text x="\(Self.width + 6)" y="\(y + 4)" font-size="12" fill="currentColor">\(value)</text>
        """
    }
    return lines
  }

  private var hours: HTML {
    var labels = HTML.empty
    for (place, bucket) in buckets.enumerated() where bucket.start % (4 * 3600) == 0 {
      let x = place * Self.step
      guard x < Self.width - 24 else { continue }
      labels += """
        <text x="\(x)" y="\(Self.height - 5)" font-size="12" fill="currentColor">\(Self.clock(bucket.start))</text>
        """
    }
    return labels
  }

  private static let step = width / Activity.bucketCount

  private func bars(_ bound: Int) -> HTML {
    var bars = HTML.empty
    for (place, bucket) in buckets.enumerated() {
      var base = 0
      for (number, series) in series.enumerated() {
        let value = series.value(bucket)
        guard value > 0 else { continue }
        let (low, high) = (Self.y(base, bound), Self.y(base + value, bound))
        base += value
        // A single event of many is seen, too.
        let height = max(1, low - high)
        let style: HTML =
          number == 0 && self.series.count > 1 || self.series.count == 1 && isGood ? "bar" : "bar2"
        bars += """
          <rect class="\(style)" x="\(place * Self.step)" y="\(low - height)" width="\(Self.step)" height="\(height)"/>
          """
      }
    }
    return bars
  }

  /// Whether more is not worse.
  var isGood = true

  private func area(_ bound: Int) -> HTML {
    guard let series = series.first else { return .empty }
    let points = buckets.enumerated().map { place, bucket in
      "\(place * Self.step),\(Self.y(series.value(bucket), bound))"
    }
    let line = points.joined(separator: " ")
    let ground = Self.y(0, bound)
    return """
      <polygon class="fill" points="0,\(ground) \(line) \((buckets.count - 1) * Self.step),\(ground)"/>\
      <polyline class="edge" points="\(line)"/>
      """
  }

  private var table: HTML {
    let hours = Dictionary(grouping: buckets, by: { $0.start - $0.start % 3600 }).sorted { $0.key > $1.key }
    let rows = hours.map { hour, buckets -> HTML in
      let cells = series.map { series -> HTML in
        let values = buckets.map(series.value)
        return "<td class=\"n\">\(isLevel ? values.max() ?? 0 : values.reduce(0, +))</td>"
      }
      return "<tr><th scope=\"row\">\(Self.clock(hour))</th>\(cells)</tr>"
    }
    let heads = series.map { series -> HTML in "<th scope=\"col\" class=\"n\">\(series.name)</th>" }
    return """
      <table><caption>\(title), by the hour (UTC), the newest first</caption>\
      <thead><tr><th scope="col">Hour</th>\(heads)</tr></thead><tbody>\(rows)</tbody></table>
      """
  }

  /// `14:00`, UTC.
  private static func clock(_ seconds: Int64) -> String {
    String(Timestamp.text(seconds).dropFirst(11).prefix(5))
  }
}
