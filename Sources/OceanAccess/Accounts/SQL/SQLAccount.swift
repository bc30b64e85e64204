/// An account that a database has as a row.
struct SQLAccount {
  let answer: SourceAnswer

  /// - Throws: if the query is not one for accounts, whatever the row has.
  init(
    _ row: [RemoteValue], of columns: [String], named name: AccountName, meantBy question: AccountQuestion,
    isByUserAlone: Bool = false
  ) throws(BackendError) {
    let shape = SQLColumns(columns)
    if let missing = shape.missing.first { throw .nonsense("its query gives no column '\(missing)'") }
    if let repeated = shape.repeated.first { throw .nonsense("its query gives two columns '\(repeated)'") }
    guard row.count == columns.count else {
      throw .nonsense("its row does not have the columns of its query")
    }
    var account = RemoteAccount(named: name, meantBy: question, isByUserAlone: isByUserAlone)
    for (column, value) in zip(columns, row) {
      let column = column.lowercased()
      account.take(value, of: column, at: "the column \(column)")
    }
    answer = account.answer()
  }
}
