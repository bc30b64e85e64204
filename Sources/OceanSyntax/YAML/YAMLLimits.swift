/// The costs that a text may have. A text beyond any of these limits is refused.
package struct YAMLLimits: Sendable {
  /// The size of the text in bytes.
  package var bytes = 16 << 20
  /// How many collections may be inside one another, aliases expanded.
  package var depth = 64
  /// The number of scalars, sequences and mappings, counted again for every alias to them.
  package var nodes = 1_000_000
  /// The number of mistakes reported for one text.
  package var diagnostics = 1000

  package init() {}
}
