// Only declarations: what the generated code uses of kotlinx.serialization.builtins.
package kotlinx.serialization.builtins

import kotlinx.serialization.KSerializer

fun String.Companion.serializer(): KSerializer<String> = TODO()
fun Int.Companion.serializer(): KSerializer<Int> = TODO()
