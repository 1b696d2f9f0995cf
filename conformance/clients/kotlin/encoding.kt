// Only declarations: what the generated code uses of kotlinx.serialization.encoding.
package kotlinx.serialization.encoding

import kotlinx.serialization.KSerializer

interface Decoder {
    fun decodeString(): String
    fun decodeLong(): Long
    fun decodeInt(): Int
    fun decodeBoolean(): Boolean
    fun <T> decodeSerializableValue(serializer: KSerializer<T>): T
}

interface Encoder {
    fun encodeString(value: String)
    fun encodeLong(value: Long)
    fun encodeInt(value: Int)
    fun encodeBoolean(value: Boolean)
    fun <T> encodeSerializableValue(serializer: KSerializer<T>, value: T)
}
