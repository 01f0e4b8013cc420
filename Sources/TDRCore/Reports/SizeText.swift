/// `1.5 MB`, decimal units as disks are sold by.
package func sizeText(_ bytes: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    if unit == 0 { return "\(bytes) B" }
    let tenths = (value * 10).rounded() / 10
    return (tenths < 10 ? "\(tenths)" : "\(Int(value.rounded()))") + " " + units[unit]
}
