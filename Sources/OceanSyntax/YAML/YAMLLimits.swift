/// What a text may cost. Beyond any of these the text is refused.
package struct YAMLLimits: Sendable {
  /// Size of the text in bytes.
  package var bytes = 16 << 20
  /// Collections inside one another, aliases expanded.
  package var depth = 64
  /// Scalars, sequences and mappings, counted again for every alias to them.
  package var nodes = 1_000_000
  /// Mistakes reported for one text.
  package var diagnostics = 1000

  package init() {}
}
