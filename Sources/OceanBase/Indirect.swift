/// A value in memory of its own, as in a case of an `indirect enum`: what holds it copies and destroys one
/// reference, however many parts the value has.
///
/// For plans and configs: the code that copies and destroys them part by part, again in each type that holds one,
/// was a twelfth of the program.
@propertyWrapper
package struct Indirect<Value> {
  @usableFromInline
  final class Box {
    @usableFromInline let value: Value

    @inlinable
    init(_ value: Value) { self.value = value }
  }

  @usableFromInline var box: Box

  @inlinable
  package init(wrappedValue: Value) { box = Box(wrappedValue) }

  /// Reads in place; a new value gets memory of its own.
  @inlinable
  package var wrappedValue: Value {
    _read { yield box.value }
    set { box = Box(newValue) }
  }
}

extension Indirect.Box: Sendable where Value: Sendable {}
extension Indirect: Sendable where Value: Sendable {}
