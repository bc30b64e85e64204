/// The candidate that `word` was most likely meant to be, for "did you mean".
///
/// Nil if no candidate is near: a third of the letters may differ, at least one. Upper and lower case, `-`
/// and `_` count as equal. If several are equally near, the first wins.
package func closestMatch(_ word: String, among candidates: some Sequence<String>) -> String? {
  // Bounds the work, however long the words of a file are.
  let longest = 64
  let letters = normalized(word)
  guard (1...longest).contains(letters.count) else { return nil }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates where candidate.utf8.count <= longest * 4 {
    let other = normalized(candidate)
    guard other.count <= longest else { continue }
    let allowed = max(1, max(letters.count, other.count) / 3)
    guard abs(letters.count - other.count) <= allowed else { continue }
    let distance = editDistance(letters, other)
    // At least one letter of a short word must remain.
    guard distance <= allowed, distance < min(letters.count, other.count) else { continue }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.candidate
}

private func normalized(_ word: String) -> [Unicode.Scalar] {
  word.unicodeScalars.prefix(65).map {
    $0 == "-" ? "_" : $0.properties.lowercaseMapping.unicodeScalars.first ?? $0
  }
}

/// Insertions, deletions, substitutions and swaps of neighbours that make `a` into `b`: the
/// Damerau-Levenshtein distance in which no part is edited twice ("optimal string alignment").
func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var current = [i + 1]
    for j in b.indices {
      var distance = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        distance = min(distance, beforePrevious[j - 1] + 1)
      }
      current.append(distance)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.count]
}
