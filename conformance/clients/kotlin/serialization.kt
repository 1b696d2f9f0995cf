// Only declarations: what the generated code uses of kotlinx.serialization, so that the compiler can check it. Nothing here runs.
package kotlinx.serialization

import kotlin.reflect.KClass
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json

annotation class SerialName(val value: String)

@Target(AnnotationTarget.CLASS, AnnotationTarget.PROPERTY, AnnotationTarget.TYPE)
annotation class Serializable(val with: KClass<out KSerializer<*>> = KSerializer::class)

@Target(AnnotationTarget.CLASS, AnnotationTarget.PROPERTY, AnnotationTarget.TYPE)
annotation class Contextual

annotation class Serializer(val forClass: KClass<*>)

interface KSerializer<T> {
    val descriptor: SerialDescriptor
    fun serialize(encoder: Encoder, value: T)
    fun deserialize(decoder: Decoder): T
}

inline fun <reified T> Json.encodeToString(value: T): String = TODO()
inline fun <reified T> Json.decodeFromString(text: String): T = TODO()
